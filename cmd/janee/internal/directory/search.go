package directory

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
)

// Search returns the templates that have every word of query in their name, description or tags, in
// any case, the best matches first: those by name before those by tag before those by description.
// It returns all for a query without words, in the order of All.
func Search(query string) []Template {
	words := queryWords(query)
	type match struct {
		Template
		distance int
	}
	var found []match
	for _, t := range All() {
		if d, ok := t.distance(words); ok {
			found = append(found, match{t, d})
		}
	}
	slices.SortStableFunc(found,
		func(a, b match) int { return cmp.Compare(a.distance, b.distance) })
	list := make([]Template, len(found))
	for i, m := range found {
		list[i] = m.Template
	}
	return list
}

// fillers are words of a query that say nothing about an API.
var fillers = []string{
	"a", "an", "and", "api", "by", "find", "for", "from", "get", "i", "in", "make", "manage", "my",
	"of", "on", "or", "send", "the", "to", "use", "with",
}

// synonyms are words for the same. Templates have one of them as a tag.
var synonyms = [][]string{
	{"ai", "llm", "model", "inference", "gpt", "completion"},
	{"email", "mail", "smtp", "newsletter"},
	{"sms", "text", "message"},
	{"chat", "message", "messaging"},
	{"scrape", "crawl", "extract", "spider"},
	{"speech", "voice", "audio", "tts", "stt", "transcribe"},
	{"task", "todo", "issue", "ticket", "kanban", "project"},
	{"deploy", "hosting", "host", "serverless"},
	{"database", "db", "sql"},
	{"payment", "billing", "invoice", "checkout"},
	{"vector", "embedding", "semantic", "rag"},
	{"git", "repo", "repository", "code"},
	{"ci", "build", "pipeline"},
	{"monitoring", "metric", "log", "alert", "observability", "uptime"},
	{"calendar", "booking", "schedule", "meeting"},
	{"image", "picture", "photo"},
	{"crm", "sales", "lead", "customer"},
	{"support", "helpdesk", "ticket"},
	{"docs", "wiki", "note", "page"},
	{"shop", "ecommerce", "commerce", "store"},
	{"crypto", "bitcoin", "coin", "blockchain"},
	{"stocks", "quote", "market", "finance"},
	{"maps", "geocode", "place", "location"},
	{"storage", "file", "object", "bucket", "blob"},
	{"browser", "headless", "automation"},
	{"dns", "domain"},
	{"cms", "blog", "website"},
	{"web", "website", "internet"},
	{"translate", "translation"},
}

func queryWords(query string) (words []string) {
	all := split(query)
	for _, w := range all {
		if !slices.Contains(fillers, w) {
			words = append(words, stem(w))
		}
	}
	if len(words) == 0 {
		return all
	}
	return words
}

var hyphens = strings.NewReplacer("e-mail", "email", "to-do", "todo")

// split returns the words of text in lower case.
func split(text string) []string {
	return strings.FieldsFunc(hyphens.Replace(strings.ToLower(text)),
		func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

// stem cuts the end of an English word, so that "scraping" and "scrapes" are "scrape".
func stem(word string) string {
	for _, end := range []string{"ing", "ies", "es", "e", "s"} {
		if cut, ok := strings.CutSuffix(word, end); ok && len(cut) > 3 {
			return cut
		}
	}
	return word
}

// The classes of matches of one word, the best first.
const (
	byWholeName = iota
	byName
	byTag
	bySynonym
	byDescription
	byNothing
)

// distance adds up the classes of the words' matches; ok is false if a word has none.
func (t Template) distance(words []string) (sum int, ok bool) {
	for _, w := range words {
		d := t.class(w)
		if d == byNothing {
			return 0, false
		}
		sum += d
	}
	return sum, true
}

func (t Template) class(word string) int {
	tags := split(strings.Join(t.Tags, " "))
	switch {
	case strings.HasPrefix(t.Name, word) && slices.Contains(split(t.Name), word):
		return byWholeName
	case begins(split(t.Name), word):
		return byName
	case begins(tags, word):
		return byTag
	case slices.ContainsFunc(likes(word), func(w string) bool { return begins(tags, stem(w)) }):
		return bySynonym
	case begins(split(t.Description), word):
		return byDescription
	}
	return byNothing
}

// likes returns the synonyms of word.
func likes(word string) (words []string) {
	for _, group := range synonyms {
		if slices.ContainsFunc(group, func(w string) bool { return stem(w) == word }) {
			words = append(words, group...)
		}
	}
	return words
}

// begins reports whether word begins one of the texts. A word of two characters has to be one of
// them: "ai" does not mean Airtable.
func begins(texts []string, word string) bool {
	return slices.ContainsFunc(texts, func(text string) bool {
		return text == word || len(word) > 2 && strings.HasPrefix(text, word)
	})
}
