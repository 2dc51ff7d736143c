package lang

import (
	"fmt"

	"github.com/agext/levenshtein"
)

// didYouMean returns " Did you mean …?" for the known name nearest to the
// given one, or "" if none is near.
func didYouMean(given string, known []string) string {
	best, bestDistance := "", 1+len(given)/3
	for _, name := range known {
		if d := levenshtein.Distance(given, name, nil); d <= bestDistance && name != given {
			best, bestDistance = name, d-1
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf(" Did you mean %q?", best)
}
