// Package dag orders the nodes of a directed graph. In go the edges, out comes
// an order in which every node follows what it depends on, or a cycle.
package dag

// Sort orders the nodes 0…n-1 so that each comes after its dependencies, and
// otherwise by number. If there is a cycle, Sort returns it instead: each node
// of it depends on the next, and the last on the first.
func Sort(n int, deps func(node int) []int) (order, cycle []int) {
	const (
		unseen = iota
		open   // on the path from a root to the current node
		done
	)
	state := make([]byte, n)
	order = make([]int, 0, n)
	// The walk keeps its own stack: a chain of stages may be longer than is
	// wise to recurse.
	type frame struct {
		node int
		deps []int
	}
	var path []frame
	for root := range n {
		if state[root] != unseen {
			continue
		}
		state[root] = open
		path = append(path[:0], frame{root, deps(root)})
		for len(path) > 0 {
			top := &path[len(path)-1]
			if len(top.deps) == 0 {
				state[top.node] = done
				order = append(order, top.node)
				path = path[:len(path)-1]
				continue
			}
			next := top.deps[0]
			top.deps = top.deps[1:]
			switch state[next] {
			case unseen:
				state[next] = open
				path = append(path, frame{next, deps(next)})
			case open:
				for i := range path {
					if path[i].node == next {
						for _, f := range path[i:] {
							cycle = append(cycle, f.node)
						}
						return nil, cycle
					}
				}
			}
		}
	}
	return order, nil
}
