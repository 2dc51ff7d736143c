package cli

import (
	"context"
	"errors"
	"fmt"
	goversion "go/version"
	"io/fs"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/modfile"

	"repro/paper"
)

// patience bounds each question to a program.
const patience = time.Minute

// ask runs a program and returns the first line that it says, and where the
// program is.
func ask(ctx context.Context, name string, args ...string) (line, path string, err error) {
	path, err = exec.LookPath(name)
	if err != nil {
		return "", "", err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	out, err := exec.CommandContext(ctx, path, args...).CombinedOutput()
	line, _, _ = strings.Cut(strings.TrimSpace(string(out)), "\n")
	return line, path, err
}

var versionNumber = regexp.MustCompile(`\d+(\.\d+)+`)

// program looks for a program that says its version. What it is good for is told
// where it is not there.
func (d *doctor) program(ctx context.Context, what string, needed bool, without, help, name string, args ...string) {
	line, path, err := ask(ctx, name, args...)
	switch {
	case errors.Is(err, exec.ErrNotFound):
		d.add(what, lack(needed), fmt.Sprintf("no %s in PATH%s", name, without), help)
	case err != nil:
		d.add(what, lack(needed), fmt.Sprintf("%s does not run: %v %s", path, err, line), help)
	default:
		if all := versionNumber.FindAllString(line, -1); len(all) > 0 {
			line = all[len(all)-1] // pdfTeX's own stands behind that of TeX
		}
		d.add(what, stateOK, line+" at "+path, "")
	}
}

func (d *doctor) git(ctx context.Context) {
	before := len(d.findings)
	d.program(ctx, "git", d.needs.git, ": records of runs do not name the commit", "apt-get install git", "git", "--version")
	if f := &d.findings[before]; f.State == stateAbsent {
		f.State = stateWarning
	}
}

// golang looks for the Go toolchain, which plugins in Go are built with.
func (d *doctor) golang(ctx context.Context) {
	const what, get = "Go", "install Go %s or newer: https://go.dev/doc/install"
	least := goOf(d.flags.sdk)
	needed := d.needs.golang
	found, path, err := ask(ctx, "go", "env", "GOVERSION")
	switch {
	case errors.Is(err, exec.ErrNotFound):
		d.add(what, lack(needed), "no go in PATH, which plugins in Go and the trainer are built with", fmt.Sprintf(get, least))
	case err != nil:
		d.add(what, lack(needed), fmt.Sprintf("%s does not run: %v %s", path, err, found), fmt.Sprintf(get, least))
	case goversion.Compare(found, "go"+least) < 0:
		d.add(what, lack(needed), fmt.Sprintf("%s at %s is older than %s", found, path, least), fmt.Sprintf(get, least))
	default:
		d.add(what, stateOK, found+" at "+path, "")
	}
}

// goOf returns the version of Go that the module in a folder asks for.
func goOf(module fs.FS) string {
	text, err := fs.ReadFile(module, "go.mod")
	if err != nil {
		return ""
	}
	file, err := modfile.ParseLax("go.mod", text, nil)
	if err != nil || file.Go == nil {
		return ""
	}
	return file.Go.Version
}

// python looks for the interpreters that plugins name, or else for any that can
// run one.
func (d *doctor) python(ctx context.Context) {
	const what, get = "Python", "apt-get install python3 python3-grpcio python3-protobuf (for /usr/bin/python3), or: %s -m pip install grpcio protobuf"
	const script = "import platform, grpc, google.protobuf as p; print(platform.python_version() + ', grpc ' + grpc.__version__ + ', protobuf ' + p.__version__)"
	candidates, needed := d.needs.pythons, true
	if len(candidates) == 0 {
		candidates, needed = []string{"python3", "/usr/bin/python3"}, false
	}
	var failed []finding
	for _, python := range candidates {
		line, path, err := ask(ctx, python, "-I", "-c", script)
		switch {
		case errors.Is(err, exec.ErrNotFound), errors.Is(err, fs.ErrNotExist):
			failed = append(failed, finding{what, lack(needed), fmt.Sprintf("there is no %s, for plugins in Python", python), fmt.Sprintf(get, python)})
		case err != nil:
			failed = append(failed, finding{what, lack(needed), fmt.Sprintf("%s has not both grpc and protobuf, for plugins in Python", path), fmt.Sprintf(get, python)})
		default:
			d.add(what, stateOK, line+" at "+path, "")
			if !needed { // one is enough
				return
			}
		}
	}
	if !needed {
		failed = failed[:1]
	}
	d.findings = append(d.findings, failed...)
}

// apertium looks for the translator and its language pairs. Which of them a
// workflow lacks, its stages say.
func (d *doctor) apertium(ctx context.Context) {
	const what, get = "Apertium", "apt-get install apertium apertium-eng-spa (and a package for each other pair: apt-cache search ^apertium-)"
	v, path, err := ask(ctx, "apertium", "-V")
	if err != nil {
		d.add(what, lack(d.needs.translate), "no apertium in PATH, for translate stages", get)
		return
	}
	modes, _ := filepath.Glob(filepath.Join(filepath.Dir(path), "../share/apertium/modes/*.mode"))
	pair := regexp.MustCompile(`^[a-z]{2,3}-[a-z]{2,3}\.mode$`)
	var pairs []string
	for _, mode := range modes {
		if name := filepath.Base(mode); pair.MatchString(name) {
			pairs = append(pairs, strings.TrimSuffix(name, ".mode"))
		}
	}
	slices.Sort(pairs)
	if len(pairs) == 0 {
		d.add(what, lack(d.needs.translate), fmt.Sprintf("%s at %s has no language pairs", versionNumber.FindString(v), path), get)
		return
	}
	d.add(what, stateOK, fmt.Sprintf("%s at %s: %s", versionNumber.FindString(v), path, strings.Join(pairs, ", ")), "")
}

// papers looks for what only repro paper needs: nothing is missing without it.
func (d *doctor) papers(ctx context.Context) {
	before := len(d.findings)
	const without = ", which only repro paper needs"
	d.program(ctx, "latexmk", false, without, paper.Install+paper.LatexPackages, "latexmk", "--version")
	d.program(ctx, "pdfLaTeX", false, without, paper.Install+paper.LatexPackages, "pdflatex", "--version")
	d.program(ctx, "pandoc", false, without+", for HTML", paper.Install+paper.PandocPackages, "pandoc", "--version")
	for i := range d.findings[before:] {
		if f := &d.findings[before+i]; f.State == stateAbsent && d.needs.paper {
			f.State = stateWarning
		}
	}
}
