class Janee < Formula
  desc "{{.Summary}}"
  homepage "{{.Repository}}"
  version "{{.Version}}"
  license "MIT"
{{- range .Systems}}

  on_{{.Name}} do
  {{- range .Archives}}
    on_{{.CPU}} do
      url "{{.URL}}"
      sha256 "{{.SHA256}}"
    end
  {{- end}}
  end
{{- end}}

  def install
    bin.install "janee"
    bash_completion.install "completions/janee.bash" => "janee"
    zsh_completion.install "completions/_janee"
    fish_completion.install "completions/janee.fish"
    man1.install Dir["man/*.1"]
  end

  test do
    assert_equal version.to_s, shell_output("#{bin}/janee --version").strip
  end
end
