package approval

import (
	"slices"
	"sort"
	"strings"

	"github.com/true-and-useful/janee/core/line"
)

const (
	// MaxOpen is how many questions may wait in one home: more than anybody reads would make a
	// person say yes without looking.
	MaxOpen = 100
	// MaxOpenAgent is how many of them may be of one agent, so that it cannot keep the others from
	// asking.
	MaxOpenAgent = 20
	// keptMs is how long files stay that nothing hangs on any more, in milliseconds: a person who
	// comes late is told what became of a question.
	keptMs = 60 * 60 * 1000
)

// Full reports whether the agent may raise no further question, by all files of Dir as found at now
// (Unix ms).
func Full(key []byte, files map[string][]byte, agent string, now int64) bool {
	all, own := 0, 0
	for _, q := range Questions(key, files) {
		if q.Stands(key, files, now).State != Open {
			continue
		}
		if all++; q.Agent == agent {
			own++
		}
	}
	return all >= MaxOpen || own >= MaxOpenAgent
}

// Questions returns the questions among files, the oldest first. What cannot be read, or stands
// under another name than its own, is left out.
func Questions(key []byte, files map[string][]byte) []Question {
	var list []Question
	for name, data := range files {
		if !strings.HasSuffix(name, "."+questionSuffix) {
			continue
		}
		if q, err := DecodeQuestion(key, data); err == nil && File(q.Digest) == name {
			list = append(list, q)
		}
	}
	sort.Slice(list, func(i, j int) bool {
		if list[i].Asked != list[j].Asked {
			return list[i].Asked < list[j].Asked
		}
		return list[i].ID < list[j].ID
	})
	return list
}

// Stale names the files, of all those of Dir as found at now (Unix ms), that can go. Files that
// this key did not sign stay: they are not ours to remove, and allow nothing.
func Stale(key []byte, files map[string][]byte, now int64) []string {
	var names []string
	for name, data := range files {
		_, suffix, _ := strings.Cut(name, ".")
		kind := map[string]string{questionSuffix: "question", answerSuffix: "answer",
			usedSuffix: "used", codesSuffix: "tries"}[suffix]
		if kind == "" {
			continue
		}
		times, err := line.Open[struct{ Expires, At int64 }](key, data, kind)
		if err != nil {
			continue
		}
		// A mark outlasts the yes that it spends: it was made later.
		if max(times.Expires, times.At)+Lifetime+keptMs <= now {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
