package mem_test

import (
	"testing"

	"repro/cache"
	"repro/cache/cachetest"
	"repro/cache/mem"
)

func TestStoreConforms(t *testing.T) {
	t.Parallel()
	cachetest.Run(t, func(*testing.T) cache.Store { return mem.New() })
}
