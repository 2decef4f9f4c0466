package image

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// TestDockerfile holds what docs/containers.md and the image that is built without an engine say.
func TestDockerfile(t *testing.T) {
	text, err := os.ReadFile("../../Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	c, err := Read(string(text))
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"User":"65532:65532","ExposedPorts":{"9100/tcp":{}},` +
		`"Env":["PATH=/usr/local/bin","HOME=/data","JANEE_CONTAINER=1",` +
		`"JANEE_HOME=/data/janee","JANEE_KEY_FILE=/key/root.key","JANEE_HTTP_HOST=0.0.0.0"],` +
		`"Entrypoint":["janee"],"Cmd":["serve","--transport","http","--port","9100","--init"],` +
		`"Volumes":{"/data":{},"/key":{},"/token":{}},` +
		`"Healthcheck":{"Test":["CMD","janee","health"],` +
		`"Interval":5000000000,"Timeout":5000000000,"StartPeriod":10000000000}}`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestRefusals: what this reader does not understand would be lost in the image of one builder.
func TestRefusals(t *testing.T) {
	for text, want := range map[string]string{
		"# nothing\n":                              "no FROM",
		"FROM debian\nUSER 1:1\n":                  "is unknown",
		"FROM scratch\nSTOPSIGNAL 9\n":             "not known here",
		"FROM scratch\nWORKDIR /\n":                "not known here",
		"FROM scratch\nEXPOSE 53/udp\n":            "EXPOSE PORT",
		"FROM scratch\nEXPOSE 1 2\n":               "EXPOSE PORT",
		"FROM scratch\nENV A B\n":                  "NAME=value",
		"FROM scratch\nENV A=\"b c\"\n":            "NAME=value",
		"FROM scratch\nCMD janee serve\n":          "exec form",
		"FROM scratch\nVOLUME /data\n":             "exec form",
		"FROM scratch\nHEALTHCHECK NONE\n":         "HEALTHCHECK CMD",
		"FROM scratch\nHEALTHCHECK CMD janee\n":    "exec form",
		"FROM scratch\nHEALTHCHECK --retries=2 C":  "not known here",
		"FROM scratch\nHEALTHCHECK --timeout=x C ": "not known here",
	} {
		if c, err := Read(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %+v, %v; want %q", text, c, err, want)
		}
	}
}

// TestLastStage: what an earlier stage says is not in the image, and a line may be continued.
func TestLastStage(t *testing.T) {
	c, err := Read("FROM debian AS build\nSHELL x\nUSER 1:1\nENV A=b\n" +
		"FROM scratch\nCMD \\\n [\"a\"]\n")
	if err != nil {
		t.Fatal(err)
	}
	if c.User != "" || len(c.Env) != 0 || len(c.Cmd) != 1 || c.Cmd[0] != "a" {
		t.Errorf("%+v", c)
	}
}
