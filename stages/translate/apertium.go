package translate

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"repro/stages"
	"repro/stages/command"
)

// apertiumStep returns the step from one language into another by an installed
// Apertium mode. Which languages a translation goes through is never decided
// here: it must not depend on what happens to be installed.
func (s *Stage) apertiumStep(ctx context.Context, from, to string) (step, error) {
	program, err := exec.LookPath("apertium")
	if err != nil {
		return step{}, missing(from, to)
	}
	data := s.options.Apertium
	if data == "" {
		data = filepath.Join(filepath.Dir(program), "..", "share", "apertium")
	}
	mode, err := findMode(data, from, to)
	if err != nil {
		return step{}, err
	}
	tools, err := s.apertiumTools(ctx, program, mode)
	if err != nil {
		return step{}, err
	}
	return step{
		name:  "apertium " + from + "→" + to,
		tools: tools,
		run: func(ctx context.Context, job *stages.Job, texts []string, done func(int, []string)) error {
			p, err := loadPipeline(ctx, job, mode, s.options.Grace)
			if err != nil {
				return err
			}
			return p.translate(ctx, texts, done)
		},
	}, nil
}

// findMode returns the mode file for a direction. The names of modes mix codes
// of two and of three letters.
func findMode(data, from, to string) (string, error) {
	for _, a := range codes(from) {
		for _, b := range codes(to) {
			name := filepath.Join(data, "modes", a+"-"+b+".mode")
			if _, err := os.Stat(name); err == nil {
				return name, nil
			}
		}
	}
	return "", missing(from, to)
}

// missing says how to get a direction that is not installed.
func missing(from, to string) error {
	if name := debianPackage(from, to); name != "" {
		return &stages.MissingToolError{
			Tool:    fmt.Sprintf("Apertium's language pair %s→%s", from, to),
			Install: "apt-get install apertium " + name,
		}
	}
	problem := &stages.ParamError{Param: "to", Problem: fmt.Sprintf("Apertium translates nothing from %s to %s", from, to)}
	if via := pivots(from, to); len(via) > 0 {
		problem.Hint = fmt.Sprintf("It can go through another language: via = [%q].", via[0])
		if len(via) > 1 {
			problem.Hint += " So can: " + strings.Join(via[1:], ", ") + "."
		}
	}
	return problem
}

var (
	dataFile = regexp.MustCompile(`(?:^|\s)(?:'/[^']*'|/[^\s'|]+)`)
	version  = regexp.MustCompile(`[0-9]+(\.[0-9]+)+`)
)

// apertiumTools returns the versions of Apertium and lttoolbox, a digest of any
// other program of the mode, which has no version to ask for, and a digest of
// the mode: its programs and options, and the data files that it names.
func (s *Stage) apertiumTools(ctx context.Context, apertium, mode string) (map[string]string, error) {
	text, err := os.ReadFile(mode)
	if err != nil {
		return nil, fmt.Errorf("read Apertium mode: %w", err)
	}
	tools := map[string]string{}
	if tools["apertium"], err = s.versions.of(apertium, versionOf(ctx, "-V")); err != nil {
		return nil, err
	}
	for _, line := range programs(string(text)) {
		name, _, _ := strings.Cut(line, " ")
		path, err := exec.LookPath(name)
		if err != nil {
			return nil, &stages.MissingToolError{Tool: "Apertium's program " + name, Install: "apt-get install apertium lttoolbox apertium-lex-tools apertium-separable apertium-recursive apertium-anaphora cg3 hfst"}
		}
		switch {
		case strings.HasPrefix(name, "apertium-") && name != "apertium-anaphora": // of the version above
		case name == "lt-proc":
			tools["lttoolbox"], err = s.versions.of(path, versionOf(ctx, "-v"))
		default:
			tools[name], err = s.digests.of(path, contentDigest)
		}
		if err != nil {
			return nil, err
		}
	}
	// Paths differ between machines, what is in the files matters.
	hash := sha256.New()
	for _, path := range dataFile.FindAllString(string(text), -1) {
		digest, err := s.digests.of(strings.Trim(path, " \n\t'"), contentDigest)
		if err != nil {
			return nil, fmt.Errorf("data of Apertium mode %s: %w", mode, err)
		}
		hash.Write([]byte(digest + "\n"))
	}
	hash.Write(dataFile.ReplaceAllFunc(text, func(path []byte) []byte {
		return []byte(" " + filepath.Base(string(bytes.Trim(path, " \n\t'"))))
	}))
	name := strings.TrimSuffix(filepath.Base(mode), ".mode")
	tools["apertium mode "+name] = "sha256:" + hex.EncodeToString(hash.Sum(nil))
	return tools, nil
}

// versionOf asks a program for its version.
func versionOf(ctx context.Context, option string) func(path string) (string, error) {
	return func(path string) (string, error) {
		var out bytes.Buffer
		if err := command.Run(ctx, command.Cmd{Argv: []string{path, option}, Env: command.Environ(os.TempDir(), nil), Stdout: &out, Stderr: &out}); err != nil {
			return "", err
		}
		found := version.FindString(out.String())
		if found == "" {
			return "", fmt.Errorf("%s %s: no version in %q", path, option, out.String())
		}
		return found, nil
	}
}
