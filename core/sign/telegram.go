package sign

import "strings"

// telegram sends the token of a bot before the path, as the Bot API wants it. Paths end up in logs
// all along the way, but there is no other place for this token.
var telegram = Scheme{
	Type:  "telegram",
	Title: "Telegram bot token in the path",
	Docs:  "https://core.telegram.org/bots/api#making-requests",
	Fields: []Field{
		{Name: "key", Secret: true, Required: true, Label: "Bot token, e.g. 123456:ABC-DEF",
			fault: botFault},
	},
	sign:   signTelegram,
	writes: fields(),
}

func signTelegram(c Credential, _ Request, _ Moment) (Signed, error) {
	return Signed{Path: "/bot" + c["key"].Reveal()}, nil
}

// botFault accepts only digits, a colon, and the letters of a token: nothing else may get into the
// path.
func botFault(value string) string {
	id, token, ok := strings.Cut(value, ":")
	if !ok || strings.Trim(id, "0123456789") != "" || id == "" || token == "" ||
		strings.ContainsFunc(token, func(r rune) bool {
			return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' ||
				r == '-' || r == '_')
		}) {
		return "is not a bot token, such as 123456:ABC-DEF"
	}
	return ""
}
