package paper

import (
	"fmt"
	"slices"
	"strings"

	"repro/cache/runs"
	"repro/reports"
	"repro/reports/claims"
	"repro/reports/render"
)

// Number is one number of a paper with where it comes from.
type Number struct {
	Line      int                 `json:"line"` // of the template
	Command   string              `json:"command"`
	Report    string              `json:"report"`
	Cells     []map[string]string `json:"cells"` // dimensions and their values; two for a difference
	Value     float64             `json:"value"` // as computed, before it is rounded
	Published bool                `json:"published,omitempty"`
	Sources   []Source            `json:"sources"` // none for a published number
}

// Source is one result that a number is made of.
type Source struct {
	Stage  string `json:"stage"`  // address
	Key    string `json:"key"`    // of the action, SHA-256
	Output string `json:"output"` // digest of the metrics, SHA-256
}

// Claim is one claim that a paper shows the verdict of.
type Claim struct {
	Name      string         `json:"name"`
	Ours      claims.Verdict `json:"ours"`
	Published claims.Verdict `json:"published"`
	Sources   []Source       `json:"sources"` // all results of the reports that it is judged by
}

// sources gathers the numbers of a paper and gives what they come from a target
// to link to.
type sources struct {
	numbers []Number
	claims  []Claim
	targets []target
	listed  bool // whether the template shows them, so that links lead somewhere
	done    bool // whether all are gathered
}

// target is one line of the list of sources.
type target struct {
	stage   string // "" for published numbers
	file    string // of published numbers
	key     string // short
	output  string // short digest
	reports []string
}

// note adds a number and returns what it links to.
func (s *sources) note(f *filler, c *command, t *reports.Table, at []position, value float64, published bool) string {
	report := f.options.Snapshot.Report(t.Name)
	n := Number{Line: line(f.src, c.at), Command: c.name, Report: t.Name, Value: value, Published: published}
	first := -1
	add := func(line target) {
		if i := s.add(line, t.Name); first < 0 {
			first = i
		}
	}
	for _, p := range at {
		n.Cells = append(n.Cells, cellValues(t, p))
		if published {
			add(target{file: report.PublishedFile, output: report.Published.Short()})
			continue
		}
		for _, addr := range t.Cells[p.row][p.column].Sources {
			stage := f.options.Snapshot.Stage(addr)
			output := stage.Outputs[port(report, addr)].Digest
			n.Sources = append(n.Sources, Source{Stage: addr, Key: stage.Key.Hex(), Output: output.Hex()})
			add(target{stage: addr, key: stage.Key.Short(), output: output.Short()})
		}
	}
	if !s.done {
		s.numbers = append(s.numbers, n)
	}
	return fmt.Sprintf("source:%d", first+1)
}

// claim adds a claim and the results that it is judged by.
func (s *sources) claim(f *filler, r *claims.Result) {
	if s.done || slices.ContainsFunc(s.claims, func(c Claim) bool { return c.Name == r.Claim.Name }) {
		return
	}
	c := Claim{Name: r.Claim.Name, Ours: r.Ours.Verdict, Published: r.Published.Verdict}
	for i := range r.Claim.Checks {
		report := f.options.Snapshot.Report(r.Claim.Checks[i].Report)
		values := fixed(&r.Claim.Checks[i])
		if file, digest := r.Claim.PublishedFile, r.Claim.Published; !digest.IsZero() {
			s.add(target{file: file, output: digest.Short()}, "claims")
		} else if !report.Published.IsZero() {
			s.add(target{file: report.PublishedFile, output: report.Published.Short()}, "claims")
		}
		for _, from := range report.From {
			stage := f.options.Snapshot.Stage(from.Stage)
			if stage == nil || !f.gives(stage, report, values) {
				continue
			}
			output := stage.Outputs[from.Port].Digest
			source := Source{Stage: stage.Addr, Key: stage.Key.Hex(), Output: output.Hex()}
			if !slices.Contains(c.Sources, source) {
				c.Sources = append(c.Sources, source)
				s.add(target{stage: stage.Addr, key: stage.Key.Short(), output: output.Short()}, "claims")
			}
		}
	}
	s.claims = append(s.claims, c)
}

// add returns the position of a line, which it adds if it is new.
func (s *sources) add(line target, report string) int {
	i := slices.IndexFunc(s.targets, func(t target) bool { return t.stage == line.stage && t.output == line.output })
	if i < 0 {
		i = len(s.targets)
		s.targets = append(s.targets, line)
	}
	if !slices.Contains(s.targets[i].reports, report) {
		s.targets[i].reports = append(s.targets[i].reports, report)
	}
	return i
}

// port returns the output of a stage that a report reads.
func port(r *runs.Report, addr string) string {
	i := slices.IndexFunc(r.From, func(s runs.Source) bool { return s.Stage == addr })
	return r.From[i].Port
}

// link notes a number and returns its text, as a link if there is a list.
func (f *filler) link(c *command, t *reports.Table, at []position, value float64, text string, published bool) string {
	target := f.sources.note(f, c, t, at, value, published)
	if !f.sources.listed {
		return text
	}
	return `\hyperlink{` + target + "}{" + text + "}"
}

// sourceTable expands \sourcetable: a line for each result that numbers of the
// paper come from. What the instances of a stage have in common stands once.
func (f *filler) sourceTable() (string, error) {
	lines := []string{
		`\begingroup\footnotesize\begin{longtable}{@{}lll@{}}`,
		`\toprule Stage & Key of the action & Digest of its metrics \\ \midrule \endhead`,
	}
	before := ""
	for i, t := range f.order() {
		common, own := splitAddr(t.stage)
		if t.stage == "" {
			common = "published numbers, " + t.file
		}
		names := strings.ReplaceAll(strings.Join(t.reports, ", "), "_", " ")
		if shown := common + " (" + names + ")"; shown != before {
			column := `@{}p{0.98\linewidth}@{}`
			switch {
			case f.pandoc: // loses a \multicolumn after \addlinespace
				column = "l"
			case i > 0:
				lines = append(lines, `\addlinespace`)
			}
			lines = append(lines, `\multicolumn{3}{`+column+`}{\raggedright `+render.EscapeLaTeX(shown)+`} \\`)
			before = shown
		}
		id := slices.IndexFunc(f.sources.targets, func(other target) bool { return other.stage == t.stage && other.output == t.output })
		lines = append(lines, fmt.Sprintf(`\quad %s & \hypertarget{source:%d}{\texttt{%s}} & \texttt{%s} \\`, render.EscapeLaTeX(own), id+1, t.key, t.output))
	}
	lines = append(lines, `\bottomrule \end{longtable}\endgroup`)
	return strings.Join(lines, " "), nil
}

// order returns the lines in the order of the workflow's stages, published
// numbers last.
func (f *filler) order() []target {
	position := func(t target) int {
		i := slices.IndexFunc(f.options.Snapshot.Stages, func(s runs.Stage) bool { return s.Addr == t.stage })
		if i < 0 {
			i = len(f.options.Snapshot.Stages)
		}
		return i
	}
	sorted := slices.Clone(f.sources.targets)
	slices.SortStableFunc(sorted, func(a, b target) int { return position(a) - position(b) })
	return sorted
}

// splitAddr splits an address before its last coordinate: "train.encoder
// sampler=hybrid" and "seed=0". Spaces let LaTeX break lines.
func splitAddr(addr string) (common, own string) {
	name, axes, _ := strings.Cut(strings.TrimSuffix(addr, "]"), "[")
	parts := strings.Split(axes, ",")
	last := len(parts) - 1
	return strings.TrimSpace(name + " " + strings.Join(parts[:last], ", ")), parts[last]
}
