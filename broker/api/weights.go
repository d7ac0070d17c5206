package api

import (
	"maps"
	"strconv"
	"strings"
)

// HeaviestPick bounds a weight.
const HeaviestPick = 100

// pickWeights are the weights of reasons where the institution says nothing else. A heavier reason lifts work higher in the queue.
var pickWeights = map[Pick]int{
	PickGap: 10, PickReconcile: 9, PickCut: 8, PickEmergency: 8, PickRuled: 8, PickMasked: 7, PickNumber: 6, PickWider: 6, PickFollowUp: 6, PickOffHours: 5,
	PickOffScope: 6, PickMoreOutput: 6, PickCopied: 5, PickNewCommand: 4, PickIdleBurst: 4,
	PickFirst: 4, PickFiles: 4, PickExtended: 3, PickUrgent: 3, PickDeputy: 3, PickLateReport: 2, PickRandom: 1,
}

// PickWeights gives the weight of each reason: the institution's ("rv-cut=20"), else the usual one. ok: each line is a reason that exists, once,
// with a whole number from 0 to HeaviestPick. Lines that are not are left out.
func PickWeights(lines []string) (weights map[Pick]int, ok bool) {
	weights, ok = maps.Clone(pickWeights), true
	seen := map[Pick]bool{}
	for _, line := range lines {
		name, number, _ := strings.Cut(line, "=")
		n, err := strconv.Atoi(number)
		_, known := pickWeights[Pick(name)]
		if !known || seen[Pick(name)] || err != nil || n < 0 || n > HeaviestPick || strconv.Itoa(n) != number {
			ok = false
			continue
		}
		weights[Pick(name)], seen[Pick(name)] = n, true
	}
	return weights, ok
}

// Weighed is a reason with its weight.
type Weighed struct {
	Pick   Pick `json:"pick"`
	Weight int  `json:"weight"`
}

// Weigh gives the reasons with their weights, the heaviest first, and their sum. Reasons of one weight keep their order.
func Weigh(picks []Pick, weights map[Pick]int) (all []Weighed, sum int) {
	for _, p := range picks {
		w := Weighed{p, weights[p]}
		i := len(all)
		for i > 0 && all[i-1].Weight < w.Weight {
			i--
		}
		all = append(all[:i], append([]Weighed{w}, all[i:]...)...)
		sum += w.Weight
	}
	return all, sum
}
