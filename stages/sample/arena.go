package sample

// chunkSize is the unit in which an arena grows, so that growing never copies.
const chunkSize = 1 << 20

// arena keeps very many short texts in few allocations.
type arena struct{ chunks [][]byte }

// ref is the place of a text in an arena.
type ref struct {
	chunk, at, n uint32
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

func (a *arena) get(r ref) []byte { return a.chunks[r.chunk][r.at : r.at+r.n] }
