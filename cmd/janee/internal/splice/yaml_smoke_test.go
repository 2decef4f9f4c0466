package splice

import "testing"

func TestSmokeYAML(t *testing.T) {
	v := Object{{"command", "/usr/bin/janee"}, {"args", []string{"serve"}}, {"env", Object{{"A", "b c"}}}}
	for _, s := range []string{"", "\n", "# c\n", "---\n", "---\na: 1\n", "a: 1", "a: 1\r\n", "mcpServers:\n", "mcpServers: []\n", "mcpServers: [ ]\nb: 2", "mcpServers: {}\n",
		"name: x\nmcpServers:\n- name: other\n  command: y\n# about models\nmodels:\n  - name: z\n", "mcpServers:\n  - name: other # c\n    env:\n      X: |\n        # no\n        text\n\n  # - name: old\n\n\n# end\nmodels: []\n", "{}\n", "{a: 1}", "a:\n    b: 1\n",
		"mcpServers: [{name: \"a]\", x: it's}, # c\n {name: b}]\n"} {
		for _, p := range []Path{append(Keys("mcpServers"), Step{"name", "janee"}), Keys("mcpServers", "janee")} {
			out, err := YAML.Set([]byte(s), p, v)
			if err != nil {
				t.Logf("%q: %v", s, err)
				continue
			}
			t.Logf("%s\n=>\n%s", s, out)
			back, err := YAML.Remove(out, p)
			if err != nil || string(back) != s {
				t.Errorf("%q: %q %v", s, back, err)
			}
			if two, err := YAML.Set(out, p, v); err != nil || string(two) != string(out) {
				t.Errorf("twice %s", two)
			}
			v2 := Object{{"command", "x"}}
			three, err := YAML.Set(out, p, v2)
			if err != nil {
				t.Errorf("replace in %s: %v", out, err)
			}
			back, err = YAML.Remove(three, p)
			if err != nil || string(back) != s {
				t.Errorf("after replace %q: %q %v", s, back, err)
			}
		}
	}
}
