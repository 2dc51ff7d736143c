package plot

import (
	"cmp"
	"slices"
)

// layers places the nodes of a graph without cycles in rows so that edges lead
// downwards (Sugiyama, Tagawa and Toda 1981): each node is in the row after the
// lowest of those that it needs, edges that pass rows get a bend in each, and
// the order within rows is the one of the neighbours' middles.
type layers struct {
	rows  [][]int  // vertices of each row, from the left; bends come after the nodes
	row   []int    // row of each vertex
	edges [][2]int // between vertices of neighbouring rows
	paths [][]int  // vertices that each edge of the graph passes, ends included
}

func layout(nodes int, edges [][2]int) *layers {
	l := &layers{row: make([]int, nodes)}
	// A node can sink at most once for each other one: a cycle ends there.
	for changed, round := true, 0; changed && round < nodes; round++ {
		changed = false
		for _, e := range edges {
			if l.row[e[1]] <= l.row[e[0]] {
				l.row[e[1]], changed = l.row[e[0]]+1, true
			}
		}
	}
	l.sinkSources(edges)
	for _, e := range edges {
		path := []int{e[0]}
		for at := l.row[e[0]] + 1; at < l.row[e[1]]; at++ {
			l.row = append(l.row, at)
			path = append(path, len(l.row)-1)
		}
		path = append(path, e[1])
		l.paths = append(l.paths, path)
		for i := range path[1:] {
			l.edges = append(l.edges, [2]int{path[i], path[i+1]})
		}
	}
	for vertex, at := range l.row {
		for len(l.rows) <= at {
			l.rows = append(l.rows, nil)
		}
		l.rows[at] = append(l.rows[at], vertex)
	}
	l.order()
	return l
}

// sinkSources moves what needs nothing down to right above its first user.
func (l *layers) sinkSources(edges [][2]int) {
	needs, first := make([]bool, len(l.row)), make([]int, len(l.row))
	for _, e := range edges {
		needs[e[1]] = true
		if at := l.row[e[1]]; first[e[0]] == 0 || at < first[e[0]] {
			first[e[0]] = at
		}
	}
	for node := range l.row {
		if !needs[node] && first[node] > 1 {
			l.row[node] = first[node] - 1
		}
	}
}

// order sorts rows by the middle of each vertex's neighbours, down and up again.
func (l *layers) order() {
	const sweeps = 8
	above, below := make([][]int, len(l.row)), make([][]int, len(l.row))
	for _, e := range l.edges {
		above[e[1]] = append(above[e[1]], e[0])
		below[e[0]] = append(below[e[0]], e[1])
	}
	at := make([]float64, len(l.row))
	note := func(row []int) {
		for i, vertex := range row {
			at[vertex] = float64(i) - float64(len(row)-1)/2
		}
	}
	for _, row := range l.rows {
		note(row)
	}
	for range sweeps {
		for _, row := range l.rows {
			sortByMiddle(row, above, at)
			note(row)
		}
		for _, row := range slices.Backward(l.rows) {
			sortByMiddle(row, below, at)
			note(row)
		}
	}
}

func sortByMiddle(row []int, neighbours [][]int, at []float64) {
	middle := map[int]float64{}
	for _, vertex := range row {
		middle[vertex] = at[vertex]
		if near := neighbours[vertex]; len(near) > 0 {
			sum := 0.0
			for _, n := range near {
				sum += at[n]
			}
			middle[vertex] = sum / float64(len(near))
		}
	}
	slices.SortStableFunc(row, func(a, b int) int { return cmp.Compare(middle[a], middle[b]) })
}
