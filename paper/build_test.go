package paper_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"repro/paper"
)

const document = `\documentclass{article}
\usepackage[T1]{fontenc}
\usepackage{lmodern}
\usepackage{amsmath}
\usepackage{booktabs}
\usepackage{longtable}
\usepackage[hidelinks]{hyperref}
\begin{document}
\section{Results}\label{sec:results}
Table~\ref{tab:map}: \result[interval]{map}{sampler=x, setting=easy}, on \today.
\begin{equation}\label{eq:one} a = b \end{equation}
See~\eqref{eq:one} and \texttt{\run{command}}. By \difference[interval]{map}{sampler=x, setting=easy}{sampler=y}.
\resulttable{map}
\appendix
\section{Sources}
\sourcetable
\end{document}
`

// build builds a template in a new folder.
func build(t *testing.T, ctx context.Context, template string) (*paper.Built, error) {
	t.Helper()
	filled, err := fill(t, template, false)
	if err != nil {
		t.Fatal(err)
	}
	return buildFilled(t, ctx, filled)
}

func buildFilled(t *testing.T, ctx context.Context, filled *paper.Filled) (*paper.Built, error) {
	t.Helper()
	for _, program := range []string{"latexmk", "pandoc"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skip(program + " is not installed: just test does it")
		}
	}
	return paper.Build(ctx, filled, filepath.Join(t.TempDir(), "out"), paper.BuildOptions{
		Name: "draft", Date: time.Date(2024, 8, 20, 12, 0, 0, 0, time.UTC), PDF: true, HTML: true,
	})
}

// TestPapersAreBuilt builds a paper twice, in two folders and at two times, and
// reads the documents.
func TestPapersAreBuilt(t *testing.T) {
	t.Parallel()
	built, err := build(t, t.Context(), document)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string(nil), built.Warnings); diff != "" {
		t.Error(diff)
	}
	again, err := build(t, t.Context(), document)
	if err != nil {
		t.Fatal(err)
	}
	for _, files := range [][2]string{{built.PDF, again.PDF}, {built.HTML, again.HTML}} {
		if !bytes.Equal(read(t, files[0]), read(t, files[1])) {
			t.Errorf("%s: two builds differ", filepath.Base(files[0]))
		}
	}
	html := string(read(t, built.HTML))
	for _, want := range []string{
		`<a href="#source:1">0.810`, `id="source:1"`, `>Table 1.</strong>`, `data-reference="tab:map">1</a>`, `data-reference="eq:one">(1)</a>`,
		`<th colspan="2" style="text-align: center;">easy</th>`, `class="tablenotes"`, "prefers-color-scheme: dark", "evaluate.all sampler=x (map)", "evaluate.all sampler=y (map)",
		"published numbers, published.csv (map)", ">+0.147 [−0.571, +0.866]<", `<span class="header-section-number">A</span> Sources`,
	} {
		if !strings.Contains(strings.Join(strings.Fields(html), " "), want) {
			t.Errorf("the HTML has no %s", want)
		}
	}
	if _, err := exec.LookPath("pdftotext"); err != nil {
		t.Skip("pdftotext is not installed: just test does it")
	}
	out, err := exec.Command("pdftotext", "-layout", built.PDF, "-").Output()
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Join(strings.Fields(string(out)), " ")
	for _, want := range []string{"Table 1: 0.810 ± 0.127, on August 20, 2024.", "See (1) and repro run --var 'a=1'. By +0.147 [−0.571, +0.866].", "x 0.810 ±0.127 [0.900] 0.405 ±0.064", "Bold is the best of its column."} {
		if !strings.Contains(text, want) {
			t.Errorf("the PDF has no %q:\n%s", want, text)
		}
	}
}

func TestMistakesInLaTeXHaveTheTemplatesLines(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, replace, with, want string
		line                      int
	}{
		{"unknown command", `\today.`, `\tomorrow.`, "LaTeX: Undefined control sequence.", 10},
		{"unknown reference", `\ref{tab:map}`, `\ref{tab:mapp}`, `"tab:mapp" is declared nowhere`, 10},
		{"after a table", `\section{Sources}`, `\secton{Sources}`, "LaTeX: Undefined control sequence.", 15},
		{"writes outside", `\today`, `\newwrite\out\immediate\openout\out=../escaped.tex \today`, "LaTeX: I can't write on file `../escaped.tex'.", 10},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if !strings.Contains(document, test.replace) {
				t.Fatal("nothing to replace")
			}
			_, err := build(t, t.Context(), strings.Replace(document, test.replace, test.with, 1))
			var problems paper.Problems
			if !errors.As(err, &problems) {
				t.Fatalf("error %v", err)
			}
			p := problems[0]
			if p.Line != test.line || filepath.Base(p.File) != "a.tex" || !strings.HasPrefix(p.Text, test.want) || !strings.Contains(err.Error(), "draft.log") {
				t.Errorf("%v", p)
			}
		})
	}
}

func TestWideLinesAreWarnings(t *testing.T) {
	t.Parallel()
	built, err := build(t, t.Context(), strings.Replace(document, `See~`, `\mbox{`+strings.Repeat("wide ", 30)+"}", 1))
	if err != nil {
		t.Fatal(err)
	}
	if len(built.Warnings) != 1 || !strings.Contains(built.Warnings[0], "a.tex:11: too wide or too high by ") {
		t.Errorf("%q", built.Warnings)
	}
}

// TestMessagesAreNoErrors has the template write what looks like an error.
func TestMessagesAreNoErrors(t *testing.T) {
	t.Parallel()
	if _, err := build(t, t.Context(), strings.Replace(document, `\today`, `\typeout{Note:12: hello}\today`, 1)); err != nil {
		t.Error(err)
	}
}

// TestLettersOfAllScriptsAreBuilt has a title with letters that LaTeX's fonts
// lack: the PDF shows what they are, the HTML has them.
func TestLettersOfAllScriptsAreBuilt(t *testing.T) {
	t.Parallel()
	// All of Latin, Greek and symbols that pass or are replaced, and some others.
	var all strings.Builder
	for _, block := range [][2]rune{{0xa0, 0x24f}, {0x370, 0x3ff}, {0x400, 0x410}, {0x1e00, 0x1eff}, {0x2000, 0x206f}, {0x20a0, 0x20bf}, {0x2100, 0x22ff}, {0x4e00, 0x4e02}} {
		for r := block[0]; r <= block[1]; r++ {
			all.WriteString(string(r) + " ")
		}
	}
	results := snapshot(t, false)
	results.Reports[0].Title = "By β ≥ 中"
	results.Claims[0].Text = all.String()
	filled, err := fillFrom(t, strings.Replace(document, `\appendix`, `\claimtable`, 1), results)
	if err != nil {
		t.Fatal(err)
	}
	built, err := buildFilled(t, t.Context(), filled)
	if err != nil {
		t.Fatal(err)
	}
	for _, warning := range built.Warnings {
		if !strings.Contains(warning, "too wide or too high") {
			t.Error(warning)
		}
	}
	if html := string(read(t, built.HTML)); !strings.Contains(html, "中") || strings.Contains(html, "U+4E2D") {
		t.Error("the HTML has no 中")
	}
}

func TestWhatAReaderHasToKnowOfClaimsIsInTheHTML(t *testing.T) {
	t.Parallel()
	filled, err := fillFrom(t, strings.Replace(document, `\appendix`, `\claimtable[short]`, 1), notWorse(t))
	if err != nil {
		t.Fatal(err)
	}
	built, err := buildFilled(t, t.Context(), filled)
	if err != nil {
		t.Fatal(err)
	}
	html := strings.Join(strings.Fields(string(read(t, built.HTML))), " ")
	if _, notes, _ := strings.Cut(html, `<div class="tablenotes"> <p>That nothing is`); !strings.Contains(notes, "significantly worse") {
		t.Error("the note is not in the HTML:", html)
	}
}

// TestImagesAreFoundWithoutTheirEnding has a figure as LaTeX's users name it.
func TestImagesAreFoundWithoutTheirEnding(t *testing.T) {
	t.Parallel()
	template := strings.Replace(document, `\today`, `\includegraphics[width=1cm]{plot} \today`, 1)
	template = strings.Replace(template, `\begin{document}`, `\usepackage{graphicx}\begin{document}`, 1)
	filled, err := fill(t, template, false)
	if err != nil {
		t.Fatal(err)
	}
	var dot bytes.Buffer
	if err := png.Encode(&dot, image.NewGray(image.Rect(0, 0, 2, 2))); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(filepath.Dir(filled.File), "plot.png"), dot.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	built, err := buildFilled(t, t.Context(), filled)
	if err != nil {
		t.Fatal(err)
	}
	if html := string(read(t, built.HTML)); !strings.Contains(html, `src="data:image/png;base64,`) {
		t.Error("the HTML has no image")
	}
}

// TestThePDFIsThereWithoutHTML has pandoc fail: what LaTeX made is not lost.
func TestThePDFIsThereWithoutHTML(t *testing.T) {
	t.Parallel()
	// LaTeX does not get to the image, pandoc looks for it.
	built, err := build(t, t.Context(), strings.Replace(document, `\today`, `\ifnum1=2 \includegraphics{nowhere}\fi\today`, 1))
	if err == nil || !strings.Contains(err.Error(), "pandoc: exit status") || !strings.Contains(err.Error(), "nowhere") {
		t.Errorf("error %v", err)
	}
	if built == nil || built.HTML != "" || len(read(t, built.PDF)) == 0 {
		t.Errorf("%+v", built)
	}
}

// TestPandocsWarningsAreSaid reads a formula that pandoc cannot, in a paper with
// a title and in one without.
func TestPandocsWarningsAreSaid(t *testing.T) {
	t.Parallel()
	for _, title := range []string{"", `\title{A title}`} {
		built, err := build(t, t.Context(), strings.Replace(document, `\today`, title+`$\vcenter{\hbox{a}}$`, 1))
		if err != nil {
			t.Fatal(err)
		}
		if len(built.Warnings) != 1 || !strings.Contains(built.Warnings[0], "a.tex: pandoc: Could not convert TeX math") {
			t.Errorf("%q", built.Warnings)
		}
		want := "<title>" + map[bool]string{true: "draft", false: "A title"}[title == ""] + "</title>"
		if html := string(read(t, built.HTML)); !strings.Contains(html, want) {
			t.Errorf("the HTML has no %s", want)
		}
	}
}

// TestShellEscapeIsOff has LaTeX call a program.
func TestShellEscapeIsOff(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "called")
	if _, err := build(t, t.Context(), strings.Replace(document, `\today`, `\immediate\write18{touch `+file+`}\today`, 1)); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(file); err == nil {
		t.Error("a template has called a program")
	}
}

// TestCancelEndsLaTeX stops a template that would never end.
func TestCancelEndsLaTeX(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, errors.New("enough"))
	defer cancel()
	_, err := build(t, ctx, strings.Replace(document, `\today`, `\def\x{\x}\x`, 1))
	if err == nil || err.Error() != "enough" {
		t.Errorf("error %v", err)
	}
}

func TestMissingProgramsAreNamed(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	filled, err := fill(t, document, false)
	if err != nil {
		t.Fatal(err)
	}
	_, err = paper.Build(t.Context(), filled, t.TempDir(), paper.BuildOptions{Name: "a", HTML: true})
	if !errors.Is(err, paper.ErrNoProgram) || !strings.Contains(err.Error(), "apt-get install --no-install-recommends latexmk texlive-latex-recommended lmodern pandoc") {
		t.Errorf("error %v", err)
	}
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
