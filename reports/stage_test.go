package reports_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"repro/cache"
	"repro/internal/testkit"
	"repro/reports"
)

func TestLogsArePlainText(t *testing.T) {
	t.Parallel()
	run, store := testkit.Results(t)
	long := strings.Repeat("é", 4000) // 2 bytes each; the 1024th byte is inside of one after the x
	for name, c := range map[string]struct {
		log   string
		want  []string
		lines int
	}{
		"colours":            {"\x1b[1;31mred\x1b[0m and \x1b[38;5;12mblue\x1b[m\n", []string{"red and blue"}, 1},
		"title and cursor":   {"\x1b]0;title\x07a\x1b[2K\x1b[1Gb\x1b(Bc\x1b]8;;x\x1b\\d\n", []string{"abcd"}, 1},
		"control characters": {"a\x00b\x08\tc\x7f\u0085d\x1b", []string{"ab\tcd"}, 1},
		"a progress bar":     {"10%\r20%\r\n", []string{"10% 20%"}, 1},
		"bytes of no letter": {"a\xff\xfeb\n", []string{"ab"}, 1},
		"a long line":        {"x" + long + "\nend\n", []string{"x" + long[:1022] + "…", "end"}, 2},
		"many lines":         {"1\n2\n3\n4\n", []string{"3", "4"}, 4},
	} {
		d, err := cache.PutBytes(t.Context(), store, []byte(c.log))
		if err != nil {
			t.Fatal(err)
		}
		stage := run.Stages[0]
		stage.Log = d
		got, lines, err := reports.NewSnapshot("", run, store).Log(t.Context(), &stage, 2)
		if err != nil || lines != c.lines {
			t.Errorf("%s: %d lines, %v", name, lines, err)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
