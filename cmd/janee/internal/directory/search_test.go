package directory

import (
	"slices"
	"strings"
	"testing"
)

func names(list []Template) (names []string) {
	for _, t := range list {
		names = append(names, t.Name)
	}
	return names
}

// TestSearch compares the first results; "|" ends the list where there must be no others.
func TestSearch(t *testing.T) {
	for query, want := range map[string]string{
		"STRIPE":            "stripe |",
		"git":               "gitea github github-app gitlab azure-devops bitbucket",
		"s3":                "aws-s3 cloudflare-r2 |",
		"voice of nobody":   "|",
		"fly":               "fly |",
		"search the web":    "google-search apify brave browserbase exa firecrawl",
		"google":            "google-analytics google-maps google-search gemini",
		"google web search": "google-search",
		"stripe payments":   "stripe |",
		"ai":                "anthropic assemblyai azure-openai", // not airtable
		"resen":             "resend |",
	} {
		got := names(Search(query))
		whole := strings.HasSuffix(want, "|")
		list := strings.Fields(strings.TrimSuffix(want, "|"))
		if len(got) < len(list) || !slices.Equal(got[:len(list)], list) ||
			whole && len(got) > len(list) {
			t.Errorf("%q: %v, want %s", query, got, want)
		}
	}
	for _, query := range []string{"", " ", "-"} {
		if len(Search(query)) != len(All()) {
			t.Errorf("%q does not show everything", query)
		}
	}
}

// TestSearchByPurpose: people know what they want to do and not who sells it.
func TestSearchByPurpose(t *testing.T) {
	for query, wanted := range map[string]string{
		"scrape":          "firecrawl apify browserbase tavily",
		"crawl websites":  "firecrawl",
		"web scraping":    "firecrawl apify",
		"speech":          "elevenlabs deepgram assemblyai openai",
		"text to speech":  "elevenlabs deepgram",
		"tasks":           "todoist asana clickup monday trello jira linear",
		"to-do":           "todoist",
		"e-mail":          "resend sendgrid mailgun postmark aws-ses",
		"send mail":       "resend mailgun aws-ses",
		"vector":          "pinecone qdrant weaviate",
		"vector database": "pinecone qdrant weaviate",
		"deploy":          "vercel netlify fly render railway",
		"issues":          "github gitlab jira linear",
		"wiki":            "notion confluence",
		"llm":             "openai anthropic gemini mistral deepseek xai huggingface",
		"models":          "openai anthropic gemini",
		"crm":             "hubspot attio pipedrive",
		"tickets":         "zendesk freshdesk jira",
		"chat":            "slack discord telegram",
		"monitoring":      "grafana datadog sentry",
		"smart home":      "home-assistant",
		"home":            "home-assistant",
		"workflow":        "n8n make",
		"postgres":        "supabase neon",
		"weather":         "openweather",
		"stocks":          "alpaca finnhub alpha-vantage",
		"photos":          "unsplash pexels",
		"translation":     "deepl",
		"design":          "figma",
		"invoices":        "stripe paypal",
		"bitcoin":         "binance kraken etherscan",
	} {
		got := names(Search(query))
		for _, name := range strings.Fields(wanted) {
			if !slices.Contains(got, name) {
				t.Errorf("%q does not find %s: %v", query, name, got)
			}
		}
	}
}

// TestEveryTagIsFound: a tag that Search does not find tells nobody anything.
func TestEveryTagIsFound(t *testing.T) {
	for _, e := range All() {
		for _, tag := range e.Tags {
			if !slices.Contains(names(Search(tag)), e.Name) {
				t.Errorf("%q does not find %s", tag, e.Name)
			}
		}
	}
}
