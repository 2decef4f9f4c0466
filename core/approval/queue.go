package approval

import (
	"slices"
	"sort"
	"strings"

	"github.com/true-and-useful/janee/core/line"
)

const (
	// MaxOpen is how many questions may wait in one home: with more than anyone reads, a person
	// would say yes without looking.
	MaxOpen = 100
	// MaxOpenAgent is how many of them may come from one agent, so that it cannot keep the others
	// from asking.
	MaxOpenAgent = 20
	// keptMs is how long files that nothing depends on any more are kept, in milliseconds: a person
	// who answers late is told what became of the question.
	keptMs = 60 * 60 * 1000
)

// Full reports whether the agent may raise no further question, given all files of Dir as they are
// at now (Unix ms).
func Full(key []byte, files map[string][]byte, agent string, now int64) bool {
	all, own := 0, 0
	for _, q := range Questions(key, files) {
		if q.Standing(key, files, now).State != Open {
			continue
		}
		if all++; q.Agent == agent {
			own++
		}
	}
	return all >= MaxOpen || own >= MaxOpenAgent
}

// Questions returns the questions among files, the oldest first. It leaves out what cannot be read,
// and what is under a name other than its own.
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

// Stale names those files of Dir, given all of them as they are at now (Unix ms), that can be
// removed. Files that this key did not sign stay: they are not Janee's to remove, and allow
// nothing.
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
		// The mark outlasts the yes that it spends, because it was made later.
		if max(times.Expires, times.At)+Lifetime+keptMs <= now {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
