package git

import (
	"context"
	"strings"
)

// User returns the name of who works in the checkout or folder dir, as git's
// settings have it; "" if they do not say, or if there is no git.
func User(ctx context.Context, dir string) string {
	name, err := output(ctx, dir, "config", "user.name")
	if err != nil {
		return "" // all that is known then is that nobody said so
	}
	return strings.TrimSpace(string(name))
}
