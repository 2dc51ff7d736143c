package sample

// An arena grows in chunks, so that growing never copies.
const (
	chunkBits = 20
	chunkSize = 1 << chunkBits
)

// arena keeps very many short texts in few allocations.
type arena struct{ chunks [][]byte }

// ref is the place of a text in an arena.
type ref struct {
	chunk, at, n uint32
}

// arenaOf returns an arena of texts that lie one behind the other already;
// refAt finds them.
func arenaOf(text []byte) arena {
	a := arena{chunks: make([][]byte, 0, len(text)>>chunkBits+1)}
	for at := 0; at <= len(text); at += chunkSize {
		a.chunks = append(a.chunks, text[at:]) // to the end: a text may be long
	}
	return a
}

// refAt returns the place of the n bytes at an offset of arenaOf's text.
func refAt(offset uint64, n uint32) ref {
	return ref{chunk: uint32(offset >> chunkBits), at: uint32(offset & (chunkSize - 1)), n: n}
}

func (a *arena) put(text string) ref {
	last := len(a.chunks) - 1
	if last < 0 || cap(a.chunks[last])-len(a.chunks[last]) < len(text) {
		a.chunks = append(a.chunks, make([]byte, 0, max(chunkSize, len(text))))
		last++
	}
	at := len(a.chunks[last])
	a.chunks[last] = append(a.chunks[last], text...)
	return ref{chunk: uint32(last), at: uint32(at), n: uint32(len(text))}
}

func (a *arena) get(r ref) []byte { return a.chunks[r.chunk][r.at : uint64(r.at)+uint64(r.n)] }
