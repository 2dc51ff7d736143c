package git

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// DateOf returns when a commit of the checkout that holds dir was made.
func DateOf(ctx context.Context, dir, commit string) (time.Time, error) {
	out, err := output(ctx, dir, "show", "--no-patch", "--format=%ct", "--end-of-options", commit)
	if err != nil {
		return time.Time{}, err
	}
	seconds, err := strconv.ParseInt(strings.TrimSpace(string(out)), 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("date of commit %s: %w", commit, err)
	}
	return time.Unix(seconds, 0).UTC(), nil
}
