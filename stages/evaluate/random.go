package evaluate

import "math"

// This file has the exact expectations of a uniformly random order of N
// documents, R of which are relevant. In such an order the relevant documents
// take each set of R ranks with equal probability, so that a rank is relevant
// with probability R/N, and two given ranks both are with probability
// R(R−1) / (N(N−1)).

// chance computes expectations. E[AP] and E[MRR] take a pass over all ranks and
// are kept, since most queries share the sizes that they depend on.
type chance struct {
	known map[[2]int][2]float64 // (N, R) → E[AP], E[MRR]
}

func (c *chance) means(n, r int) (ap, mrr float64) {
	values, ok := c.known[[2]int{n, r}]
	if !ok {
		values = [2]float64{expectedAP(n, r), expectedMRR(n, r)}
		c.known[[2]int{n, r}] = values
	}
	return values[0], values[1]
}

// expect returns the expectation of each value that measure returns, over n documents.
func (c *chance) expect(p params, n int, golds []judged) []float64 {
	if len(golds) == 0 {
		return p.measure(nil)
	}
	ap, mrr := c.means(n, len(golds))
	values := []float64{ap, mrr}
	for _, k := range p.RecallAt {
		// Each answer is among the first k with probability k/N.
		values = append(values, float64(min(k, n))/float64(n))
	}
	gains := 0
	for _, g := range golds {
		gains += g.gain
	}
	for _, k := range p.NDCGAt {
		// Each rank holds the mean gain, (Σ gains) / N, in expectation; the
		// ideal list does not depend on the order.
		dcg := 0.0
		for i := 1; i <= min(k, n); i++ {
			dcg += float64(gains) / float64(n) * discount(float64(i))
		}
		values = append(values, normalise(dcg, golds, k))
	}
	return values
}

// expectedAP returns E[AP] = (1/N) (H_N + (N − H_N) (R−1)/(N−1)), where H_N is
// the harmonic number: AP = (1/R) Σ_i rel_i (1/i) Σ_{j≤i} rel_j, into which the
// probabilities of one and of two relevant ranks go (Bestgen 2015, "Exact
// expected average precision of the random baseline for system evaluation",
// Prague Bulletin of Mathematical Linguistics 103).
func expectedAP(n, r int) float64 {
	if n == 1 {
		return 1
	}
	harmonic := 0.0
	for i := n; i >= 1; i-- { // the small terms first: they would get lost beside a large sum
		harmonic += 1 / float64(i)
	}
	size := float64(n)
	return (harmonic + (size-harmonic)*float64(r-1)/(size-1)) / size
}

// expectedMRR returns E[1/first relevant rank] = Σ_i P(i)/i, where
// P(i) = C(N−i, R−1) / C(N, R): the other R−1 lie behind i. It follows that
// P(1) = R/N and P(i+1) = P(i) (N−i−R+1)/(N−i).
func expectedMRR(n, r int) float64 {
	sum, probability := 0.0, float64(r)/float64(n)
	for i := 1; i <= n-r+1; i++ {
		sum += probability / float64(i)
		probability *= float64(n-i-r+1) / float64(n-i)
	}
	return sum
}

// expectedDistance returns E[max rank − min rank] = (N+1)(R−1)/(R+1): R random
// ranks cut the line 0…N+1 into R+1 parts of equal expected length, and R−1 of
// them lie between the first and the last rank. NaN with fewer than two.
func expectedDistance(n, r int) float64 {
	if r < 2 {
		return math.NaN()
	}
	return float64(n+1) * float64(r-1) / float64(r+1)
}

// expectedRank returns the expected rank of one given document.
func expectedRank(n int) float64 { return float64(n+1) / 2 }
