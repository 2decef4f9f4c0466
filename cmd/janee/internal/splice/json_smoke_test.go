package splice

import "testing"

func TestSmoke(t *testing.T) {
	v := Object{{"command", "/usr/bin/janee"}, {"args", []string{"serve"}}, {"env", Object{{"A", "b"}}}}
	for _, s := range []string{"", "{}", "{}\n", "{\n}\n", "{\n  \"a\": 1, // c\n}", "{\"a\":1}", "{\"mcp_servers\": {}}", "{\n  \"a\": 1,\n  \"mcp_servers\": {\n    \n  }\n  // x\n}"} {
		p := Keys("mcp_servers", "janee")
		out, err := JSON.Set([]byte(s), p, v)
		if err != nil {
			t.Errorf("%q: %v", s, err)
			continue
		}
		t.Logf("%s\n=>\n%s", s, out)
		back, err := JSON.Remove(out, p)
		if err != nil || string(back) != s {
			t.Errorf("%q: %q %v", s, back, err)
		}
	}
	for _, s := range []string{"", "\n", "a = 1", "a = 1\r\n\r\n", "mcp_servers = {}", "[mcp_servers]\nx = {a = 1}\n# c\n\n[z]\na = [\n1]\n", "mcp_servers.x.y = 1\n"} {
		p := Keys("mcp_servers", "janee")
		out, err := TOML.Set([]byte(s), p, v)
		if err != nil {
			t.Errorf("%q: %v", s, err)
			continue
		}
		t.Logf("%s\n=>\n%s", s, out)
		back, err := TOML.Remove(out, p)
		if err != nil || string(back) != s {
			t.Errorf("%q: %q %v", s, back, err)
		}
	}
}
