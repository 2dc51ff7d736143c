package paper

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// log is what LaTeX says of a paper.
type log struct {
	problems Problems // what must not be
	warnings []string // what does not look well
}

var (
	// "./hybrid.tex:12: Undefined control sequence." with -file-line-error.
	logError = regexp.MustCompile(`^(?:\./)?(.+?):(\d+): (.+)$`)
	// "Overfull \hbox (12.3pt too wide) in paragraph at lines 3--9"; also "detected at line 9".
	logOverfull = regexp.MustCompile(`^Overfull \\[hv]box \(([\d.]+)pt too .*?(?:lines? (\d+)|while \\output)`)
	logMissing  = regexp.MustCompile("^LaTeX Warning: (?:Reference|Citation) [`']([^']+)'.* undefined on input line (\\d+)")
	logNatbib   = regexp.MustCompile("^Package natbib Warning: Citation [`']([^']+)'.* undefined on input line (\\d+)")
)

// tolerable is by how many points a line may be too wide: nobody sees a tenth of
// a millimetre.
const tolerable = 0.3

// parseLog reads the log of the last run on file, whose lines are those of the
// template. Only if the run failed are there errors: else what looks like one is
// text that the template or a package writes.
func parseLog(text, file, template string, failed bool) log {
	var l log
	var missing Problems // in the first run all of them are
	lines := strings.Split(text, "\n")
	for i, entry := range lines {
		switch {
		case failed && logError.MatchString(entry):
			m := logError.FindStringSubmatch(entry)
			p := Problem{File: m[1], Line: number(m[2]), Text: "LaTeX: " + m[3] + source(lines[i+1:])}
			if m[1] == file {
				p.File = template
			}
			if !strings.Contains(m[3], "==> Fatal error") { // what led to it stands before
				l.problems = append(l.problems, p)
			}
		case logMissing.MatchString(entry):
			m := logMissing.FindStringSubmatch(entry)
			missing = append(missing, Problem{File: template, Line: number(m[2]), Text: fmt.Sprintf("%q is declared nowhere", m[1])})
		case logNatbib.MatchString(entry):
			m := logNatbib.FindStringSubmatch(entry)
			missing = append(missing, Problem{File: template, Line: number(m[2]), Text: fmt.Sprintf("%q is in no bibliography", m[1])})
		case logOverfull.MatchString(entry):
			m := logOverfull.FindStringSubmatch(entry)
			if width, err := strconv.ParseFloat(m[1], 64); err != nil || width < tolerable {
				continue
			}
			place := template
			if m[2] != "" {
				place += ":" + m[2]
			}
			l.warnings = append(l.warnings, fmt.Sprintf("%s: too wide or too high by %s pt", place, m[1]))
		case strings.HasPrefix(entry, "Missing character:"):
			l.warnings = append(l.warnings, template+": "+entry)
		}
	}
	if len(l.problems) == 0 {
		l.problems = missing
	}
	return l
}

// source returns what LaTeX was reading when it failed: the line that begins
// with l., up to where it came.
func source(after []string) string {
	for _, entry := range after[:min(len(after), 5)] {
		if text, ok := strings.CutPrefix(entry, "l."); ok {
			_, text, _ = strings.Cut(text, " ")
			const most = 60 // a table stands on one line
			if runes := []rune(text); len(runes) > most {
				text = "…" + string(runes[len(runes)-most:])
			}
			return ": " + strings.TrimSpace(text)
		}
	}
	return ""
}

func number(digits string) int {
	n, err := strconv.Atoi(digits)
	if err != nil {
		return 0
	}
	return n
}
