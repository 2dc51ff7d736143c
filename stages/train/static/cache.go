package static

// maxCached is how many buckets the features of known texts may take: 256 MiB.
const maxCached = 64 << 20

// featureCache remembers the features of texts, as every text comes many times.
type featureCache struct {
	config Config
	ids    map[string][]uint32
	size   int
}

// of returns the features of each text.
func (c *featureCache) of(texts []string, threads int) [][]uint32 {
	all := make([][]uint32, len(texts))
	forEach(threads, len(texts), func(i int) {
		known, ok := c.ids[texts[i]]
		if !ok {
			known = c.config.features(nil, texts[i])
		}
		all[i] = known
	})
	for i, text := range texts {
		if _, ok := c.ids[text]; !ok && c.size+len(all[i]) <= maxCached {
			c.ids[text] = all[i]
			c.size += len(all[i])
		}
	}
	return all
}
