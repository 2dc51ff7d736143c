package static

// inverse turns the buckets of texts into the texts of buckets.
type inverse struct {
	count  []uint32 // by bucket; all zero between calls
	bucket []uint32 // touched, in the order in which they first occur
	start  []uint32
	texts  []uint32
}

// of returns the buckets that occur, and for the k-th of them the texts that
// have it, in order. Both are valid until the next call.
func (v *inverse) of(ids [][]uint32) (buckets []uint32, texts func(k int) []uint32) {
	v.bucket, v.start = v.bucket[:0], v.start[:0]
	total := 0
	for _, list := range ids {
		total += len(list)
		for _, b := range list {
			if v.count[b] == 0 {
				v.bucket = append(v.bucket, b)
			}
			v.count[b]++
		}
	}
	at := uint32(0)
	for _, b := range v.bucket {
		v.start = append(v.start, at)
		at, v.count[b] = at+v.count[b], at // from here on, where the bucket's next text goes
	}
	v.start = append(v.start, at)
	if cap(v.texts) < total {
		v.texts = make([]uint32, total)
	}
	v.texts = v.texts[:total]
	for text, list := range ids {
		for _, b := range list {
			v.texts[v.count[b]] = uint32(text)
			v.count[b]++
		}
	}
	for _, b := range v.bucket {
		v.count[b] = 0
	}
	return v.bucket, func(k int) []uint32 { return v.texts[v.start[k]:v.start[k+1]] }
}
