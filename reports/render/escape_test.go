package render_test

import (
	"testing"

	"repro/reports/render"
)

func TestTextIsEscapedForLaTeX(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ text, want string }{
		{`50 % of a_b & {x} \ $ # ~ ^ < > |`, `50\,\% of a\_b \& \{x\} \textbackslash{} \$ \# \textasciitilde{} \textasciicircum{} \textless{} \textgreater{} \textbar{}`},
		{"[0.9] * a\n\tb", "{[}0.9] {*} a  b"},
		{"--- -- - ,, ''", "-{}-{}- -{}- - ,{}, '{}'"},
		{"— – … “a” ‘b’", `--- – \ldots{} “a” ‘b’`},
		{"β ≥ Β ≠ μ", `$\beta$ $\geq$ $\mathrm{B}$ $\neq$ $\mu$`},
		{"→ ← × ± ° m² x³ µ", `$\rightarrow$ $\leftarrow$ $\times$ $\pm$ ° m\textsuperscript{2} x\textsuperscript{3} µ`},
		{"Lỳ łódź e\u0301", "Lỳ łódź é"},
		{"中 😀", `{\tiny U+4E2D} {\tiny U+1F600}`},
	} {
		got := render.EscapeLaTeX(test.text)
		if got != test.want {
			t.Errorf("%s: %s, want %s", test.text, got, test.want)
		}
	}
	if got := render.AllLetters(render.EscapeLaTeX("中 a 😀")); got != "中 a 😀" {
		t.Error(got)
	}
}
