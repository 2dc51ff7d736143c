package paper

import (
	"regexp"
	"slices"
	"strings"
)

// units are those of TeX's lengths.
var units = []string{"pt", "em", "ex", "mm", "cm", "in", "bp", "pc", "sp", "dd", "cc", "mu", "fill", "fil"}

// spaces may stand before a percent sign.
var spaces = []string{" ", "~", `\,`, `\ `, `\;`, "\n", "\u00a0", "\u202f"}

// number looks at a number in the template and refuses what may be a result
// that somebody typed: a decimal or a percentage. Lengths, versions such as 1.2.3
// and, in a formula, what a parameter is set to ($\alpha = 0.5$) are none.
func (s *scanner) number() {
	at := s.pos
	if s.disguised() {
		return
	}
	dots := 0
	for s.pos < len(s.src) && (isDigit(s.src[s.pos]) || s.src[s.pos] == '.' && s.pos+1 < len(s.src) && isDigit(s.src[s.pos+1])) {
		if s.src[s.pos] == '.' {
			dots++
		}
		s.pos++
	}
	if !s.begun || s.free > 0 || at > 0 && isLetter(s.src[at-1]) || dots > 1 {
		return
	}
	percent := isPercent(s.src[s.pos:])
	if dots == 0 && !percent || !percent && isLength(s.src[s.pos:]) || s.formula > 0 && s.isSet(at) {
		return
	}
	text := s.src[at:s.pos]
	if percent {
		text += ` \%`
	}
	s.problem(at, `%s is typed: take it from the results with \result, or write \typed{%s} if it is none`, text, text)
}

// disguises are decimals that are not written with a point alone: 0{.}25, 0{,}25
// and, where no list or interval can be meant, 0,25 and 3,5.
var (
	braced  = regexp.MustCompile(`^[0-9]+(?:\{\})?(?:\{([.,])\}|([.,])\{\})[0-9]+`)
	nought  = regexp.MustCompile(`^0,[0-9]{2,}`) // not the interval 0,1
	decimal = regexp.MustCompile(`^([0-9]+,[0-9]+)(?:$|[^0-9,)}\]])`)
	whole   = regexp.MustCompile(`^[1-9][0-9]{0,2}(?:(?:,|\{,\})[0-9]{3})+(?:$|[^0-9])`) // 13,014
)

// disguised refuses such a decimal and reports whether it is one.
func (s *scanner) disguised() bool {
	rest := s.src[s.pos:min(len(s.src), s.pos+40)]
	if !s.begun || s.free > 0 || s.pos > 0 && (isLetter(s.src[s.pos-1]) || isDigit(s.src[s.pos-1])) || whole.MatchString(rest) {
		return false
	}
	text := braced.FindString(rest)
	if text == "" {
		text = nought.FindString(rest)
	}
	if m := decimal.FindStringSubmatch(rest); text == "" && m != nil && s.formula == 0 && !strings.ContainsRune("({[,", rune(s.src[s.pos-1])) {
		text = m[1]
	}
	if text == "" || s.formula > 0 && s.isSet(s.pos) {
		return false
	}
	s.problem(s.pos, `%s is typed: take it from the results with \result, or write \typed{%s} if it is none`, text, text)
	s.pos += len(text)
	return true
}

func isPercent(rest string) bool {
	for trimmed := true; trimmed; {
		trimmed = false
		for _, space := range spaces {
			if after, ok := strings.CutPrefix(rest, space); ok {
				rest, trimmed = after, true
			}
		}
	}
	return strings.HasPrefix(rest, `\%`) || strings.HasPrefix(rest, "percent") || strings.HasPrefix(rest, "per cent")
}

// isLength reports whether a unit or a length such as \textwidth follows.
func isLength(rest string) bool {
	if len(rest) > 1 && rest[0] == '\\' && isLetter(rest[1]) {
		return true
	}
	word := rest
	for i := range len(rest) {
		if !isLetter(rest[i]) {
			word = rest[:i]
			break
		}
	}
	return slices.Contains(units, word)
}

// isSet reports whether an equals sign with something before it in the same
// formula stands before the number.
func (s *scanner) isSet(at int) bool {
	before := strings.TrimRight(s.src[min(s.start, at):at], " ~\t\n")
	left, ok := strings.CutSuffix(before, "=")
	return ok && strings.TrimSpace(left) != ""
}
