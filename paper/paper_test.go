package paper_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"repro/cache"
	"repro/cache/mem"
	"repro/cache/runs"
	"repro/paper"
	"repro/reports"
)

// snapshot returns results of two samplers and two seeds, without that of
// sampler y and seed 1 if stale: its stage waits for a training.
func snapshot(t *testing.T, stale bool) *reports.Snapshot {
	t.Helper()
	store := mem.New()
	run := runs.New()
	report := runs.Report{
		Name: "map", Title: "Mean average precision", At: "main.hcl:9",
		Rows: []string{"sampler"}, Columns: []string{"setting"}, Over: "seed", Digits: 3,
		Where: map[string][]string{"metric": {"map"}}, Best: map[string]string{"": "max"},
	}
	values := map[string]float64{"x0": 0.80, "x1": 0.82, "y0": 0.60, "y1": 0.7251}
	for _, id := range []string{"x0", "x1", "y0", "y1"} {
		axes := map[string]string{"sampler": id[:1], "seed": id[1:]}
		addr := fmt.Sprintf("evaluate.all[sampler=%s,seed=%s]", id[:1], id[1:])
		metrics, err := json.Marshal([]map[string]any{
			{"metric": "map", "setting": "easy", "value": values[id]},
			{"metric": "map", "setting": "hard → x", "value": values[id] / 2},
		})
		if err != nil {
			t.Fatal(err)
		}
		stage := runs.Stage{Addr: addr, Axes: axes, Kind: "evaluate", Key: cache.Of([]byte(addr))}
		if stale && id == "y1" {
			train := runs.Stage{Addr: "train.encoder[sampler=y,seed=1]", Reason: "temperature: 0.2 → 1"}
			stage.Reason = "waits for: " + train.Addr
			stage.Inputs = []runs.Input{{Port: "model", Stage: train.Addr, Output: "model"}}
			run.Stages = append(run.Stages, train)
		} else {
			digest, err := cache.PutBytes(t.Context(), store, metrics)
			if err != nil {
				t.Fatal(err)
			}
			stage.Outputs = map[string]cache.Artifact{"metrics": {Digest: digest}}
		}
		run.Stages = append(run.Stages, stage)
		report.From = append(report.From, runs.Source{Stage: addr, Port: "metrics"})
	}
	published, err := cache.PutBytes(t.Context(), store, []byte("metric,setting,sampler,value\nmap,easy,x,0.9\n"))
	if err != nil {
		t.Fatal(err)
	}
	report.PublishedFile, report.Published = "published.csv", published
	run.Reports = []runs.Report{report}
	least := -1.0
	run.Claims = []runs.Claim{{
		Name: "good", Text: "x & y are good.", Source: "a paper",
		Checks: []runs.Check{{Kind: runs.Threshold, Report: "map", Where: map[string][]string{"setting": {"easy"}}, AtLeast: &least}},
	}}
	return reports.NewSnapshot("test", run, store)
}

// fill fills the text of a template.
func fill(t *testing.T, template string, stale bool) (*paper.Filled, error) {
	t.Helper()
	return fillFrom(t, template, snapshot(t, stale))
}

func fillFrom(t *testing.T, template string, results *reports.Snapshot) (*paper.Filled, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "a.tex")
	if err := os.WriteFile(file, []byte(template), 0o644); err != nil {
		t.Fatal(err)
	}
	return paper.Fill(t.Context(), file, paper.Options{
		Snapshot: results, Rerun: "repro run main.hcl",
		Values: map[string]string{"scale": "smoke", "which": "x", "odd": "50 % & a_b"},
		Facts:  map[string]string{"commit": "abc", "command": "repro run --var 'a=1'"},
	})
}

func TestCommandsBecomeLaTeX(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, template, want string }{
		{"result", `\result{map}{sampler=x, setting=easy}`, `0.810`},
		{"spaces and lines", "\\result {map}\n  {sampler=x,\n  setting=easy}.", "0.810%\n%\n."},
		{"lines to the end of one", "\\result{map}{sampler=x,\n  setting=\neasy}\nb", "0.810\n%\n%\nb"},
		{"braces in a value", `\result{map}{sampler=x, setting={hard → x}}`, `0.405`},
		{"value in a selector", `\result{map}{sampler=\valueof{which}, setting=easy}`, `0.810`},
		{"published", `\result[published]{map}{sampler=x, setting=easy}`, `0.900`},
		{"digits", `\result[digits=1]{map}{sampler=y, setting=easy}`, `0.7`},
		{"percent", `\result[percent]{map}{sampler=x, setting=easy}`, `81.0\,\%`},
		{"interval", `\result[interval]{map}{sampler=x, setting=easy}`, `0.810\,\ensuremath{\pm}\,0.127`},
		{"difference", `\difference{map}{sampler=x, setting=easy}{sampler=y}`, `\ensuremath{+}0.147`},
		{"negative difference", `\difference[percent, digits=0]{map}{sampler=y, setting=easy}{sampler=x}`, `\ensuremath{-}15\,\%`},
		{"difference's interval", `\difference[interval,digits=2]{map}{sampler=x, setting=easy}{sampler=y}`, `{\ensuremath{+}0.15~[\ensuremath{-}0.57,~\ensuremath{+}0.87]}`},
		{"claim", `This \claim{good}.`, `This holds.`},
		{"claim of others", `\claim[published]{good}`, `holds`},
		{"value", `\section{\valueof{odd}}`, `\section{50\,\% \& a\_b}`},
		{"fact", `\texttt{\run{command}}`, `\texttt{repro run -{}-var \textquotesingle{}a=1\textquotesingle{}}`},
		{"when", `a\when{scale=smoke|small}{b \valueof{which}}c`, `ab xc`},
		{"when not", "a\n\\when{scale=small}{b\nb}\nc", "a\n%\n%\nc"},
		{"unless", `\unless{scale=small}{b}\unless{scale=smoke}{c}`, `b`},
		{"typed", `\begin{document}\typed{0.05} and \typed{95\,\%}`, `\begin{document}0.05 and 95\,\%`},
		{"comment", "a % \\result{no}{such}\nb", "a % \\result{no}{such}\nb"},
		{"escaped percent", `5\,\% \valueof{which}`, `5\,\% x`},
		{"verbatim", "\\begin{verbatim}\n\\result{no}\n\\end{verbatim}\\valueof{which}", "\\begin{verbatim}\n\\result{no}\n\\end{verbatim}x"},
		{"verb", `\verb|\result{| \verb*+%+ \valueof{which}`, `\verb|\result{| \verb*+%+ x`},
		{"commands of its own", `\newcommand{\results}[1]{#1}\def\claims{x}\results{a}\claims`, `\newcommand{\results}[1]{#1}\def\claims{x}\results{a}\claims`},
		{"condition on a fact", `\when{commit=abc}{a}\unless{commit=none}{b}`, `ab`},
		{"longer names", `\resultant{a}\runaway \values`, `\resultant{a}\runaway \values`},
		{"in brackets", `\item[\result[digits=2]{map}{sampler=x, setting=easy}] \item[\valueof {which}]`, `\item[0.81] \item[x]`},
		{"harmless files", `\input{macros.sty} \input{a.bbl}\bibliography{a} \input a.tikz % \input{b}`, `\input{macros.sty} \input{a.bbl}\bibliography{a} \input a.tikz % \input{b}`},
		{"address", `\url{http://a/%7E0.5} \href{http://a/50%25}{\valueof{which}}`, `\url{http://a/%7E0.5} \href{http://a/50%25}{x}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			filled, err := fill(t, test.template, false)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(`\pdftrailerid{}`+test.want, filled.LaTeX); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestCommentsJoinLinesForPandoc, which sees a space where LaTeX has none.
func TestCommentsJoinLinesForPandoc(t *testing.T) {
	t.Parallel()
	const template = "a%\n, b % x\n  c\\unless{scale=smoke}{no\nno}\n\td%\n\ne \\% f\n\\begin{verbatim}\n%\n\\end{verbatim}\n"
	filled, err := fill(t, template, false)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("a, b cd\n\ne \\% f\n\\begin{verbatim}\n%\n\\end{verbatim}\n", filled.Pandoc); diff != "" {
		t.Error(diff)
	}
}

func TestMistakesHaveTheirLines(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, template, want string }{
		{"unknown report", "\n\\result{mapp}{sampler=x}", `2: \result{mapp}{sampler=x}: the workflow has no report "mapp"; it has map`},
		{"ambiguous", `\result{map}{sampler=x}`, `1: \result{map}{sampler=x}: report map has 2 such cells, which differ in setting (easy, hard → x)`},
		{"unknown dimension", `\result{map}{smapler=x}`, `1: \result{map}{smapler=x}: report map has no dimension "smapler": it has sampler, setting`},
		{"unknown value", `\result{map}{sampler=z, setting=easy}`, `1: \result{map}{sampler=z, setting=easy}: no such cell: report map has no sampler = "z"; it has x, y`},
		{"not a selector", `\result{map}{x}`, `1: \result{map}{x}: "x" is not DIMENSION=VALUE`},
		{"twice", `\result{map}{sampler=x, sampler=y}`, `1: \result{map}{sampler=x, sampler=y}: sampler is given twice`},
		{"option", `\result[bold]{map}{sampler=x, setting=easy}`, `1: \result{map}{sampler=x, setting=easy}: there is no option "bold"; there are digits=N, interval, percent, published`},
		{"no published", `\result[published]{map}{sampler=y, setting=easy}`, `1: \result{map}{sampler=y, setting=easy}: the report has no published number for this cell`},
		{"lacks an argument", "a\n\n\\result{map} b", `3: \result lacks an argument: write \result{REPORT}{DIMENSION=VALUE, …}`},
		{"open brace", "\\when{scale=smoke}{a\n\n", `1: \when has a { without }`},
		{"unknown value name", `\valueof{sclae}`, `1: \valueof{sclae}: there is no value "sclae"; there are odd, scale, which. Give it in the paper block of the workflow: values = { … }`},
		{"unknown claim", `\claim{bad}`, `1: \claim{bad}: the workflow has no claim "bad"; it has good`},
		{"verbatim", `\begin{verbatim} \end{verb}`, `1: \begin{verbatim} has no \end{verbatim}`},
		{"misspelt", "\n\\resutl{map}{}", `2: there is no \resutl; did you mean \result? A command of your own has to be defined in the template`},
		{"misspelt longer", `\claimtabel`, `1: there is no \claimtabel; did you mean \claimtable? A command of your own has to be defined in the template`},
		{"in a condition", "\\when{scale=smoke}{\n\\valueof{no}}", `2: \valueof{no}: there is no value "no"; there are odd, scale, which. Give it in the paper block of the workflow: values = { … }`},
		{"another file", "\\begin{document}\n\\input{extra}", `2: \input: the file "extra" is not looked at: put its text into the template`},
		{"as TeX has it", "\\input  extra.tex\n\\input", `1: \input: the file "extra.tex" is not looked at: put its text into the template` + "\n" + `2: \input: the file "" is not looked at: put its text into the template`},
		{"in a condition that is not taken", `\when{scale=small}{\include{b}}`, `1: \include: the file "b" is not looked at: put its text into the template`},
		{"two arguments", `\import{parts/}{b}`, `1: \import: the file "parts/b" is not looked at: put its text into the template`},
		{
			"several", "\\begin{document}\n0.1553 \\valueof{no}\n\\result{map}{x}",
			"2: 0.1553 is typed: take it from the results with \\result, or write \\typed{0.1553} if it is none\n" +
				"2: \\valueof{no}: there is no value \"no\"; there are odd, scale, which. Give it in the paper block of the workflow: values = { … }\n" +
				`3: \result{map}{x}: "x" is not DIMENSION=VALUE`,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := fill(t, test.template, false)
			var problems paper.Problems
			if !errors.As(err, &problems) {
				t.Fatalf("error %v", err)
			}
			if diff := cmp.Diff(test.want, short(problems)); diff != "" {
				t.Error(diff)
			}
			if problems.Stale() {
				t.Error("a wrong template is no missing result")
			}
		})
	}
}

// short shows problems without the folder of the test.
func short(problems paper.Problems) string {
	var lines []string
	for _, p := range problems {
		lines = append(lines, fmt.Sprintf("%d: %s", p.Line, p.Text))
	}
	return strings.Join(lines, "\n")
}

func TestTypedNumbersAreRefused(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		text  string
		typed bool
	}{
		{`a gain of 0.1553`, true},
		{`a gain of .155`, true},
		{`15\,\%`, true},
		{`15.5 \%`, true},
		{`15~percent`, true},
		{`$0.1553 \pm 0.002$`, true},
		{`$= 0.1553$`, true},
		{`\emph{0.5}`, true},
		{`\when{scale=small}{0.5}`, true}, // whether or not it is shown
		{`\(0.5\)`, true},
		{`\begin{equation} 0.5 \end{equation} $\alpha = 0.5$ 0.7`, true},
		{`$\alpha = 0.5$, $\tau=.05$`, false},
		{`\begin{equation} \alpha = 0.5 \end{equation}`, false},
		{`in 2024, with 1190 questions and 13,014 sentences.`, false},
		{`version 0.1.0 and v0.9`, false},
		{`\vspace{0.5em}\rule{0.5\linewidth}{.4pt}`, false},
		{`\includegraphics[width=0.5\linewidth]{fig-0.5.pdf}`, false},
		{`\cite{a2408.10536} \url{https://arxiv.org/abs/2408.10536}`, false},
		{`% 0.5`, false},
		{`\verb|0.5| \begin{verbatim}0.5\end{verbatim}`, false},
		{`\begin{thebibliography}{9} 2408.10536 \end{thebibliography}`, false},
		{`\typed{0.5}`, false},
		{`a gain of 0,25`, true},
		{`$0,25$`, true},
		{`a gain of 3,5 points`, true},
		{`0{.}25`, true},
		{`$0{,}155$`, true},
		{`0.{}25`, true},
		{`in $[0,1]$ and $x_{1,2}$, $\{0,1\}$, \textcolor[rgb]{0,0,1}{1{,}000} of 13,014,155.`, false},
		{`$\alpha = 0{,}5$`, false},
		{`\typed{0,25}`, false},
	} {
		_, err := fill(t, `\documentclass{article}\setlength{\x}{1.5pt} 1.5 \begin{document}`+test.text, false)
		if typed := err != nil && strings.Contains(err.Error(), "is typed"); typed != test.typed {
			t.Errorf("%s: %v", test.text, err)
		}
	}
}

// TestConditionsThatAreNeverMetAreRefused: a misspelt value would leave a text
// away, or show it, whatever the variable is.
func TestConditionsThatAreNeverMetAreRefused(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "a.tex")
	if err := os.WriteFile(file, []byte("\\when{scale=smoke|small}{a}\n\\unless{ scale = smal}{b}\\when{commit=none}{c}"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := paper.Fill(t.Context(), file, paper.Options{
		Snapshot: snapshot(t, false),
		Values:   map[string]string{"scale": "smoke"}, Facts: map[string]string{"commit": "abc"},
		Allows: func(name, text string) error {
			if name == "scale" && (text == "smoke" || text == "small") {
				return nil
			}
			return errors.New("it is smoke or small")
		},
	})
	var problems paper.Problems
	errors.As(err, &problems)
	if diff := cmp.Diff(`2: \unless{scale = smal}: scale is never "smal": it is smoke or small`, short(problems)); diff != "" {
		t.Error(diff)
	}
}

// TestStaleNumbersAreRefused has one result missing: whatever needs it says so,
// with the first cause and the command that helps, and nothing else does.
func TestStaleNumbersAreRefused(t *testing.T) {
	t.Parallel()
	_, err := fill(t, `\result{map}{sampler=x, setting=easy}
\result{map}{sampler=y, setting=easy}
\difference{map}{sampler=x, setting=easy}{sampler=y}
\resulttable{map}
\claim{good}`, true)
	var problems paper.Problems
	if !errors.As(err, &problems) {
		t.Fatal(err)
	}
	const needs = `needs evaluate.all[sampler=y,seed=1], which has no result for the workflow as it is now (train.encoder[sampler=y,seed=1]: temperature: 0.2 → 1); run: repro run main.hcl`
	want := `2: \result{map}{sampler=y, setting=easy}: ` + needs + "\n" +
		`3: \difference{map}{sampler=x, setting=easy}{sampler=y}: ` + needs + "\n" +
		`4: \resulttable{map}: ` + needs + "\n" +
		`5: \claim{good}: claim good: ` + needs
	if diff := cmp.Diff(want, short(problems)); diff != "" {
		t.Error(diff)
	}
	if !problems.Stale() {
		t.Error("only a run is missing")
	}
}

// TestAMeanOverLessIsStale averages over the seed, of which a value is missing:
// the table has a number, but not the one that it should be.
func TestAMeanOverLessIsStale(t *testing.T) {
	t.Parallel()
	for _, stale := range []bool{false, true} {
		results := snapshot(t, stale)
		results.Reports[0].Over, results.Reports[0].Average = "", []string{"seed"}
		_, err := fillFrom(t, `\result{map}{sampler=x, setting=easy} \result{map}{sampler=y, setting=easy}`, results)
		var problems paper.Problems
		if errors.As(err, &problems); stale != (len(problems) == 1 && problems.Stale()) {
			t.Errorf("stale %v: %v", stale, err)
		}
	}
}

// TestOwnValuesOfRecordsAreNoExcuse has records say sampler:"arm-x" where the
// coordinate is "x": which stage gives which cell cannot be told by coordinates.
func TestOwnValuesOfRecordsAreNoExcuse(t *testing.T) {
	t.Parallel()
	const template = `\result{map}{sampler=arm-x, setting=easy} \resulttable{map} \claim{good}`
	for _, test := range []struct {
		name     string
		change   func(*runs.Report)
		stale    bool
		problems int
	}{
		{"all there", func(r *runs.Report) {}, false, 0},
		{"a seed is missing", func(r *runs.Report) {}, true, 3},
		{"a language is missing", func(r *runs.Report) { r.Over, r.Average = "", []string{"seed"} }, true, 3},
		{"where", func(r *runs.Report) { r.Where["sampler"] = []string{"arm-x", "arm-y"} }, true, 3},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			results := snapshot(t, test.stale)
			for i := range results.Stages {
				stage := &results.Stages[i]
				if stage.Outputs == nil {
					continue
				}
				digest, err := cache.PutBytes(t.Context(), results.Blobs, []byte(`[{"metric":"map","setting":"easy","sampler":"arm-`+stage.Axes["sampler"]+`","value":0.5}]`))
				if err != nil {
					t.Fatal(err)
				}
				stage.Outputs["metrics"] = cache.Artifact{Digest: digest}
			}
			test.change(&results.Reports[0])
			filled, err := fillFrom(t, template, results)
			var problems paper.Problems
			if errors.As(err, &problems); len(problems) != test.problems || test.problems > 0 && !problems.Stale() {
				t.Errorf("%v", err)
			}
			if filled != nil && len(filled.Claims[0].Sources) != 4 {
				t.Errorf("%+v", filled.Claims)
			}
		})
	}
}

// TestEveryNumberHasItsSources looks at the list of a table and a difference.
func TestEveryNumberHasItsSources(t *testing.T) {
	t.Parallel()
	filled, err := fill(t, "\\resulttable{map}\n\\difference{map}{sampler=x, setting=easy}{sampler=y}\n\\sourcetable\n", false)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(filled.Numbers); n != 6 {
		t.Fatalf("%d numbers, want 4 of the table, a published one and a difference", n)
	}
	last := filled.Numbers[5]
	if last.Line != 2 || last.Command != "difference" || len(last.Sources) != 4 || len(last.Cells) != 2 || last.Cells[1]["sampler"] != "y" {
		t.Errorf("%+v", last)
	}
	if first := filled.Numbers[0]; !first.Published || first.Value != 0.9 || len(first.Sources) != 0 {
		t.Errorf("%+v", first)
	}
	if s := last.Sources[0]; s.Stage != "evaluate.all[sampler=x,seed=0]" || s.Key != cache.Of([]byte(s.Stage)).Hex() {
		t.Errorf("%+v", s)
	}
	for i := 1; i <= 5; i++ { // the published numbers are one
		for _, text := range []string{filled.LaTeX, filled.Pandoc} {
			if n := strings.Count(text, fmt.Sprintf(`\hypertarget{source:%d}`, i)); n != 1 {
				t.Errorf("source %d is listed %d times", i, n)
			}
		}
	}
	if !strings.Contains(filled.LaTeX, `\hyperlink{source:2}{\textbf{0.810}}`) {
		t.Error("no link from a cell:", filled.LaTeX)
	}
	if lines := strings.Count(filled.LaTeX, "\n"); lines != 3 {
		t.Errorf("%d lines, the template has 3", lines)
	}
}

func TestTablesShowPublishedNumbersOrNot(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		option  string
		has     []string
		not     []string
		numbers int
	}{
		{"", []string{"{[}0.900]", "0.810", "Published values are in brackets."}, nil, 5},
		{"nopublished", []string{"0.810"}, []string{"0.900", "brackets"}, 4},
		{"published", []string{"0.900", "Mean average precision, published numbers"}, []string{"0.810", "brackets", "interval"}, 1},
	} {
		filled, err := fill(t, `\resulttable[`+test.option+`]{map}`, false)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range test.has {
			if !strings.Contains(filled.LaTeX, want) {
				t.Errorf("%s: no %s in %s", test.option, want, filled.LaTeX)
			}
		}
		for _, not := range test.not {
			if strings.Contains(filled.LaTeX, not) {
				t.Errorf("%s: %s in %s", test.option, not, filled.LaTeX)
			}
		}
		if len(filled.Numbers) != test.numbers {
			t.Errorf("%s: %d numbers", test.option, len(filled.Numbers))
		}
	}
}

func TestClaimsHaveATableAndTheirSources(t *testing.T) {
	t.Parallel()
	filled, err := fill(t, `\claimtable`, false)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`x \& y are good. (a paper)`, `\textbf{holds}: {\footnotesize `, `\label{tab:claims}`} {
		if !strings.Contains(filled.LaTeX, want) || !strings.Contains(filled.Pandoc, want) {
			t.Errorf("no %s in %s", want, filled.LaTeX)
		}
	}
	if len(filled.Claims) != 1 || filled.Claims[0].Ours != "holds" || len(filled.Claims[0].Sources) != 4 {
		t.Errorf("%+v", filled.Claims)
	}
}

// notWorse returns results with a claim that holds if nothing is worse.
func notWorse(t *testing.T) *reports.Snapshot {
	t.Helper()
	results := snapshot(t, false)
	results.Claims = append(results.Claims, runs.Claim{
		Name: "not worse", Text: "x is not worse than y.",
		Checks: []runs.Check{{Kind: runs.Compare, Report: "map", Dim: "sampler", Better: "x", Than: []string{"y"}, NotWorse: true}},
	})
	return results
}

func TestWhatAReaderHasToKnowOfClaimsIsBelowThem(t *testing.T) {
	t.Parallel()
	const note = "does not show that all is as good"
	results := notWorse(t)
	for _, template := range []string{`\claimtable`, `\claimtable[short]`} {
		filled, err := fillFrom(t, template, results)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{filled.LaTeX, filled.Pandoc} {
			_, below, _ := strings.Cut(text, `\end{longtable}`)
			if strings.Count(text, note) != 1 || !strings.Contains(below, note) {
				t.Errorf("%s: the note is not below the table, once: %s", template, text)
			}
		}
	}
}

func FuzzFill(f *testing.F) {
	for _, seed := range []string{
		`\result[interval]{map}{sampler=x, setting=easy}`, "\\when{a=b}{\\typed{0.5}\n%}\n}", `\begin{verbatim}\end{verbatim}`,
		`\verb`, `$$0.5`, `\resulttable{map}\sourcetable`, `\url{`, "\\difference{map}{}\n\n{}", `{}}{\run{commit}`, `\`, `\when{x`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, template string) {
		if strings.ContainsRune(template, 0) {
			t.Skip()
		}
		filled, err := fill(t, template, false)
		var problems paper.Problems
		if errors.As(err, &problems) {
			for _, p := range problems {
				if p.Line < 1 || p.Line > 1+strings.Count(template, "\n") {
					t.Errorf("no such line: %v", p)
				}
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if got, want := strings.Count(filled.LaTeX, "\n"), strings.Count(template, "\n"); got != want {
			t.Errorf("%d lines, the template has %d", got, want)
		}
		if !strings.ContainsRune(template, '\\') && filled.LaTeX != `\pdftrailerid{}`+template {
			t.Error("text without commands has changed")
		}
	})
}
