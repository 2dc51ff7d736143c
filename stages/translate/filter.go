package translate

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"repro/stages"
	"repro/stages/command"
)

// commandStep returns the step that a program of the user's makes: it is
// started once, so that it loads a model once, and reads all texts.
func (s *Stage) commandStep(p *params) (step, error) {
	tools, err := s.commandTools(p.Command)
	if err != nil {
		return step{}, err
	}
	return step{
		name:  fmt.Sprintf("command %s %s→%s", filepath.Base(p.Command[0]), p.From, p.To),
		argv:  p.Command,
		tools: tools,
		run: func(ctx context.Context, job *stages.Job, texts []string, done func(int, []string)) error {
			// Nothing is certain before the last line: a line too few or too
			// many would move all that follow.
			translations, err := s.filter(ctx, job, p.Command, texts)
			if err != nil {
				return err
			}
			done(0, translations)
			return nil
		},
	}, nil
}

// commandTools returns the digests of the program and of every file that its
// arguments name by absolute path, such as a script: alone or as --flag=/path.
// They go by the place of the argument, as two files may have the same name.
func (s *Stage) commandTools(argv []string) (map[string]string, error) {
	program, err := exec.LookPath(argv[0])
	if err != nil {
		return nil, &stages.MissingToolError{Tool: fmt.Sprintf("the program %q", argv[0])}
	}
	tools := map[string]string{}
	for i, arg := range append([]string{program}, argv[1:]...) {
		file := named(arg)
		if !filepath.IsAbs(file) || filepath.Clean(file) == "/" { // tr and cut take a slash for a character
			continue
		}
		info, err := os.Stat(file)
		switch {
		case err != nil: // names no file: /x/d is a program for sed
			continue
		case info.IsDir():
			return nil, &stages.ParamError{
				Param:   "command",
				Problem: fmt.Sprintf("the argument %q names a folder, whose content would not be part of the key", arg),
				Hint:    "Name the files in it one by one.",
			}
		case !info.Mode().IsRegular():
			continue
		}
		digest, err := s.digests.of(file, contentDigest)
		if err != nil {
			return nil, err
		}
		tools[fmt.Sprintf("command[%d] %s", i, filepath.Base(file))] = digest
	}
	return tools, nil
}

// named returns the path that an argument may name: all of it, or what follows
// the = of --flag=/path.
func named(arg string) string {
	if _, value, ok := strings.Cut(arg, "="); ok && !filepath.IsAbs(arg) {
		return value
	}
	return arg
}

// checkCommand refuses what would mean one file while planning, in the folder
// of this process, and another or none in the job's folder.
func checkCommand(argv []string) error {
	if len(argv) == 0 || argv[0] == "" {
		return &stages.ParamError{Param: "command", Problem: "names no program"}
	}
	if program := argv[0]; strings.Contains(program, "/") && !filepath.IsAbs(program) {
		return &stages.ParamError{
			Param:   "command",
			Problem: fmt.Sprintf("the program %q is a relative path, but it runs in a folder of its own", program),
			Hint:    "Give a name that is in PATH, or an absolute path.",
		}
	}
	for _, arg := range argv[1:] {
		if path := named(arg); strings.HasPrefix(path, "./") || strings.HasPrefix(path, "../") {
			return &stages.ParamError{
				Param:   "command",
				Problem: fmt.Sprintf("the argument %q is a relative path, but the program runs in a folder of its own", arg),
				Hint:    "Give an absolute path.",
			}
		}
	}
	return nil
}

// filter sends the texts through the program, a line each.
func (s *Stage) filter(ctx context.Context, job *stages.Job, argv, texts []string) ([]string, error) {
	var in strings.Builder
	for _, text := range texts {
		in.WriteString(oneLine(text))
		in.WriteByte('\n')
	}
	var out bytes.Buffer
	err := command.Run(ctx, command.Cmd{
		Argv: argv, Dir: job.Dir, Env: command.Environ(job.Dir, nil),
		Stdin: strings.NewReader(in.String()), Stdout: &out, Stderr: job.Log, Grace: s.options.Grace,
	})
	if err != nil {
		return nil, err
	}
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	if out.Len() == 0 {
		lines = nil
	}
	if len(lines) != len(texts) {
		return nil, fmt.Errorf("%s: got %d lines for %d; it must write one line for each that it reads. It read:\n%sand wrote:\n%s",
			command.Quote(argv), len(lines), len(texts), head(in.String()), head(out.String()))
	}
	for i, line := range lines {
		if !utf8.ValidString(line) {
			return nil, fmt.Errorf("%s: line %d of its output is not UTF-8: %q", command.Quote(argv), i+1, line)
		}
		lines[i] = strings.TrimSpace(line)
	}
	return lines, nil
}

// oneLine replaces everything that some program takes for the end of a line.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case '\n', '\r', '\v', '\f', '\x1c', '\x1d', '\x1e', '\u0085', '\u2028', '\u2029':
			return ' '
		}
		return r
	}, text)
}

// head returns the first lines of a text.
func head(text string) string {
	const most, width = 3, 200
	var b strings.Builder
	n := 0
	for line := range strings.Lines(text) {
		if n++; n > most {
			b.WriteString("  …\n")
			break
		}
		line = strings.TrimSuffix(line, "\n")
		fmt.Fprintf(&b, "  %.*s\n", width, line)
	}
	return b.String()
}
