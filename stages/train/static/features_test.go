package static_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"repro/internal/testkit"
	"repro/stages/train/static"
)

var config = static.Config{Dim: 32, Buckets: 1 << 14, NgramMin: 3, NgramMax: 5}

func TestFeaturesNeverChange(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	for _, text := range []string{
		"", "a", "The cat's 2 mats.", "Ελλάδα", "भारत की राजधानी", "ประเทศไทย", "中国的首都", "東京タワー", "서울특별시", "naïve Straße İ",
		"e\u0301", "...", "\xff\xfe", "x" + strings.Repeat("\u0301", 3),
	} {
		fmt.Fprintf(&out, "%q %v\n", text, config.Features(text))
	}
	testkit.Golden(t, "features.txt", out.String())
}

func TestFeaturesIgnoreCaseWidthAndComposition(t *testing.T) {
	t.Parallel()
	want := config.Features("café full")
	for _, text := range []string{"CAFÉ FULL", "cafe\u0301 ｆｕｌｌ", "«Café», full!"} {
		if diff := cmp.Diff(want, config.Features(text)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
}

// shared returns how many features two texts have in common.
func shared(a, b string) int {
	n := 0
	for _, id := range config.Features(a) {
		if slices.Contains(config.Features(b), id) {
			n++
		}
	}
	return n
}

func TestFeaturesFindWordsInsideUnspacedText(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ word, text string }{
		{"首都", "中国的首都是北京"},
		{"タワー", "東京タワーはどこですか"},
		{"ประเทศ", "เมืองหลวงของประเทศไทย"},
		{"राजधानी", "भारत की राजधानी दिल्ली"},
	} {
		if n := shared(c.word, c.text); n < 2 {
			t.Errorf("%s and %s share %d features", c.word, c.text, n)
		}
	}
}

func FuzzFeatures(f *testing.F) {
	f.Add("The cat sat. 中国的首都 ประเทศไทย")
	f.Add("\xff\xf0\x9f")
	f.Fuzz(func(t *testing.T, text string) {
		ids := config.Features(text)
		for i, id := range ids {
			if int(id) >= config.Buckets || i > 0 && ids[i-1] >= id {
				t.Fatalf("%q: feature %d of %v", text, i, ids)
			}
		}
	})
}
