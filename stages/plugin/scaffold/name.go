package scaffold

import (
	"fmt"
	"go/build"
	"io"
	"regexp"
	"slices"
	"strings"

	"repro/stages/builtin"
	"repro/stages/sample"
)

var nameRE = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)

// CheckName refuses names that no plugin can have.
func CheckName(name string) error {
	if !nameRE.MatchString(name) {
		return fmt.Errorf("%q is no name for a plugin: use lower-case letters, digits and single hyphens, such as long-tail", name)
	}
	if slices.ContainsFunc(sample.Methods(), func(m sample.Method) bool { return m.Name == name }) {
		return fmt.Errorf("%s is a sampler of repro itself: choose another name", name)
	}
	if _, taken := builtin.New(builtin.Options{}).Lookup(name); taken {
		return fmt.Errorf("%s is a kind of stage of repro itself: choose another name", name)
	}
	return nil
}

// fileOf returns the name in files and modules: "long_tail".
func fileOf(name string) string { return strings.ReplaceAll(name, "-", "_") }

// classOf returns the name of a type: "LongTail".
func classOf(name string) string {
	var b strings.Builder
	for part := range strings.SplitSeq(name, "-") {
		b.WriteString(strings.ToUpper(part[:1]) + part[1:])
	}
	return b.String()
}

// goFile returns the base name of a Go file that is built everywhere: the go
// command reads more into names such as lexicon_test and draw_linux.
func goFile(name string) string {
	base := fileOf(name)
	nowhere := build.Default
	nowhere.GOOS, nowhere.GOARCH = "none", "none"
	nowhere.OpenFile = func(string) (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("package main\n")), nil }
	if plain, err := nowhere.MatchFile("", base+".go"); err != nil || !plain || strings.HasSuffix(base, "_test") {
		return "main"
	}
	return base
}
