package config

import "strings"

// Closest returns the candidate nearest to word in edit distance (insertions, deletions, substitutions and swaps
// of neighbours, ignoring case, '-' as '_'), and false when none is near enough to be meant.
func Closest(word string, candidates []string) (string, bool) {
	norm := func(s string) []rune { return []rune(strings.ReplaceAll(strings.ToLower(s), "-", "_")) }
	w := norm(word)
	if len(w) > 64 {
		return "", false
	}
	best, bestD := "", len(w)
	for _, c := range candidates {
		n := norm(c)
		limit := max(len(w), len(n))/3 + 1
		if d := distance(w, n); d <= limit && d < bestD {
			best, bestD = c, d
		}
	}
	return best, best != ""
}

// distance is the optimal string alignment distance (Damerau 1964).
func distance(a, b []rune) int {
	prev2, prev, cur := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		cur[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			cur[j] = min(prev[j]+1, cur[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				cur[j] = min(cur[j], prev2[j-2]+1)
			}
		}
		prev2, prev, cur = prev, cur, prev2
	}
	return prev[len(b)]
}

// didYouMean is the suggestion in brackets, with a leading space, or nothing.
func didYouMean(word string, candidates []string) string {
	if c, ok := Closest(word, candidates); ok {
		return " (did you mean " + c + "?)"
	}
	return ""
}

// suggestKey suggests a path for an unknown one: first in its own section, then the same base elsewhere, then any.
func (t *table) suggestKey(path string) string {
	sec, base, ok := strings.Cut(path, ".")
	if !ok {
		sec, base = "", path
	}
	var own, all []string
	for _, k := range t.keys {
		if k.Section() == sec {
			own = append(own, k.Base())
		}
		if k.Base() == base && k.Section() != sec {
			return " (did you mean " + k.Path + "?)"
		}
		all = append(all, k.Path)
	}
	if s := didYouMean(base, own); s != "" {
		return s
	}
	return didYouMean(path, all)
}
