package plot

import "strings"

// textWidth returns how wide a text is at most: no font is known here, so it is
// measured as in DejaVu Sans, the widest of those that browsers have.
func textWidth(text string, size float64) float64 {
	width := 0.0
	for _, r := range text {
		switch {
		case strings.ContainsRune(" .,·:;|'ijlI", r):
			width += .34
		case strings.ContainsRune("−+±→…mwMW%@", r) || r >= 0x1100: // wide letters of East Asia
			width += 1
		case r >= 'A' && r <= 'Z':
			width += .78
		default:
			width += .64
		}
	}
	return width * size
}

// cut shortens a text that is wider than width.
func cut(text string, size, width float64) string {
	letters := []rune(text)
	for n := len(letters) - 1; textWidth(text, size) > width && n > 0; n-- {
		text = string(letters[:n]) + "…"
	}
	return text
}

// cutMiddle shortens a text that is wider than width: both ends stay.
func cutMiddle(text string, size, width float64) string {
	letters := []rune(text)
	for n := len(letters) - 1; textWidth(text, size) > width && n > 1; n-- {
		text = string(letters[:(n+1)/2]) + "…" + string(letters[len(letters)-n/2:])
	}
	return text
}

// wrap breaks a name between its values ("x-y · de · map") into lines that are
// not wider than width. A value that alone is wider loses its middle.
func wrap(name string, size, width float64) []string {
	const between = " · "
	var lines []string
	for _, value := range strings.Split(name, between) {
		value = cutMiddle(value, size, width)
		last := len(lines) - 1
		if last >= 0 && textWidth(lines[last]+between+value, size) <= width {
			lines[last] += between + value
			continue
		}
		lines = append(lines, value)
	}
	return lines
}

// widest returns the width of the widest text.
func widest(texts []string, size float64) float64 {
	width := 0.0
	for _, text := range texts {
		width = max(width, textWidth(text, size))
	}
	return width
}
