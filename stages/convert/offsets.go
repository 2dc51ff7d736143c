package convert

// offsets translates places in a text from code points, which Python counts,
// to bytes, which Go counts.
type offsets []int // byte of each code point, then the length

func newOffsets(text string) offsets {
	at := make(offsets, 0, len(text)+1)
	for i := range text {
		at = append(at, i)
	}
	return append(at, len(text))
}

// count returns how many code points the text has.
func (o offsets) count() int { return len(o) - 1 }

// byteOf returns where the code point n begins; n may be count().
func (o offsets) byteOf(n int) int { return o[n] }
