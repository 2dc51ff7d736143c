package render

import (
	"fmt"
	"maps"
	"regexp"
	"strconv"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// EscapeLaTeX returns text as LaTeX shows it, wherever in a table it stands: be
// it only at the start of a row, where \\[ and \\* are commands. Symbols and Greek
// letters that its usual fonts lack are set as formulas; a letter of another
// script is replaced by its code point, such as U+4E2D, since pdflatex would fail.
func EscapeLaTeX(s string) string { return latexText(s) }

func latexText(s string) string {
	var b strings.Builder
	var before rune
	for _, r := range norm.NFC.String(strings.ReplaceAll(s, " %", "\u202f%")) {
		if ligature(before, r) {
			b.WriteString("{}")
		}
		special, known := latexRunes[r]
		switch {
		case known:
			b.WriteString(special)
		case ' ' <= r && r <= '~' || strings.ContainsRune(latexLetters, r):
			b.WriteRune(r)
		case r < ' ':
			b.WriteByte(' ')
		default:
			fmt.Fprintf(&b, `{\tiny U+%04X}`, r)
		}
		before = r
	}
	return b.String()
}

// replaced finds what EscapeLaTeX writes for a letter of another script.
var replaced = regexp.MustCompile(`\{\\tiny U\+([0-9A-F]{4,6})\}`)

// AllLetters puts back the letters that EscapeLaTeX replaced by their code
// points, for readers of LaTeX that know all letters, such as pandoc.
func AllLetters(latex string) string {
	return replaced.ReplaceAllStringFunc(latex, func(text string) string {
		point, err := strconv.ParseInt(replaced.FindStringSubmatch(text)[1], 16, 32)
		if err != nil {
			return text
		}
		return string(rune(point))
	})
}

// ligature reports whether LaTeX makes one character of two: a dash, a quote or
// an inverted mark.
func ligature(a, b rune) bool {
	return a == b && strings.ContainsRune("-`',", b) || b == '`' && (a == '!' || a == '?')
}

// latexLetters are the letters and signs beyond ASCII that LaTeX's fonts for
// Latin script have, in the encodings T1 and TS1.
const latexLetters = "¡¢£¥§©ª«®°µ¶º»¼½¾¿ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖØÙÚÛÜÝÞßàáâãäåæçèéêëìíîïðñòóôõöøùúûüýþÿ" +
	"ĀāĂăĄąĆćĈĉĊċČčĎďĐđĒēĔĕĖėĘęĚěĜĝĞğĠġĢģĤĥĨĩĪīĬĭĮįİıĲĳĴĵĶķĹĺĻļĽľŁłŃńŅņŇňŊŋŌōŎŏŐőŒœŔŕŖŗŘřŚśŜŝŞşŠšŢţŤťŨũŪūŬŭŮůŰűŲųŴŵŶŷŸŹźŻżŽž" +
	"ǍǎǏǐǑǒǓǔǢǣǦǧǨǩǪǫǰǴǵȘșȚțȲȳḂḃḍḞḟḠḡḥḰḱḷṃṅṇṛṣṭẎẏẐẑẞỲỳ–‘’‚“”„‰‹›†‡•€™"

// latexRunes are the characters that LaTeX gives a meaning, and symbols.
var latexRunes = latexTable()

func latexTable() map[rune]string {
	table := map[rune]string{
		'\\': `\textbackslash{}`, '{': `\{`, '}': `\}`, '&': `\&`, '%': `\%`, '$': `\$`, '#': `\#`, '_': `\_`,
		'~': `\textasciitilde{}`, '^': `\textasciicircum{}`, '<': `\textless{}`, '>': `\textgreater{}`, '|': `\textbar{}`,
		'[': "{[}", '*': "{*}", '—': "---", '…': `\ldots{}`, '¹': `\textsuperscript{1}`, '²': `\textsuperscript{2}`, '³': `\textsuperscript{3}`,
		'\u00a0': "~", '\u00ad': `\-`, '\u2009': `\,`, '\u202f': `\,`, '\u200b': "", '\ufeff': "", '\u2010': "-", '\u2011': "-",
	}
	for r, formula := range map[rune]string{
		'±': `\pm`, '×': `\times`, '÷': `\div`, '·': `\cdot`, '−': "-", '∓': `\mp`, '¬': `\neg`, '√': `\sqrt{}`,
		'→': `\rightarrow`, '←': `\leftarrow`, '↔': `\leftrightarrow`, '↑': `\uparrow`, '↓': `\downarrow`, '⇒': `\Rightarrow`, '⇐': `\Leftarrow`, '⇔': `\Leftrightarrow`,
		'≤': `\leq`, '≥': `\geq`, '≠': `\neq`, '≈': `\approx`, '≡': `\equiv`, '∼': `\sim`, '≪': `\ll`, '≫': `\gg`, '∞': `\infty`, '∝': `\propto`,
		'∈': `\in`, '∉': `\notin`, '∅': `\emptyset`, '∪': `\cup`, '∩': `\cap`, '⊂': `\subset`, '⊆': `\subseteq`, '∧': `\wedge`, '∨': `\vee`, '∀': `\forall`, '∃': `\exists`,
		'∑': `\sum`, '∏': `\prod`, '∂': `\partial`, '∇': `\nabla`, '′': `\prime`, '″': `\prime\prime`, 'ℓ': `\ell`, '⟨': `\langle`, '⟩': `\rangle`,
	} {
		table[r] = "$" + formula + "$"
	}
	maps.Copy(table, greek())
	return table
}

// greek returns the formulas of Greek letters. Those that look like Latin ones
// have no commands.
func greek() map[rune]string {
	names := map[rune]string{
		'α': `\alpha`, 'β': `\beta`, 'γ': `\gamma`, 'δ': `\delta`, 'ε': `\varepsilon`, 'ζ': `\zeta`, 'η': `\eta`, 'θ': `\theta`, 'ι': `\iota`,
		'κ': `\kappa`, 'λ': `\lambda`, 'μ': `\mu`, 'ν': `\nu`, 'ξ': `\xi`, 'ο': "o", 'π': `\pi`, 'ρ': `\rho`, 'σ': `\sigma`, 'ς': `\varsigma`,
		'τ': `\tau`, 'υ': `\upsilon`, 'φ': `\varphi`, 'χ': `\chi`, 'ψ': `\psi`, 'ω': `\omega`, 'ϕ': `\phi`, 'ϵ': `\epsilon`, 'ϑ': `\vartheta`,
		'ϖ': `\varpi`, 'ϱ': `\varrho`, 'Γ': `\Gamma`, 'Δ': `\Delta`, 'Θ': `\Theta`, 'Λ': `\Lambda`, 'Ξ': `\Xi`, 'Π': `\Pi`, 'Σ': `\Sigma`,
		'Υ': `\Upsilon`, 'Φ': `\Phi`, 'Ψ': `\Psi`, 'Ω': `\Omega`,
		'ά': `\acute{\alpha}`, 'έ': `\acute{\varepsilon}`, 'ή': `\acute{\eta}`, 'ί': `\acute{\iota}`, 'ό': `\acute{o}`, 'ύ': `\acute{\upsilon}`, 'ώ': `\acute{\omega}`,
	}
	capitals := []rune("ΑΒΕΖΗΙΚΜΝΟΡΤΧ")
	for i, latin := range "ABEZHIKMNOPTX" {
		names[capitals[i]] = `\mathrm{` + string(latin) + "}"
	}
	for r, name := range names {
		names[r] = "$" + name + "$"
	}
	return names
}
