package solvers

// Yoshida4 is the composition of three leapfrog steps of order 4, with γ_1 = 1/(2 − ∛2).
var Yoshida4 = newSplitting("yoshida4", "H. Yoshida, Phys. Lett. A 150 (1990) 262–268; E. Forest, R. D. Ruth, Physica D 43 (1990) 105–117", 4,
	"1.3512071919596576340476878089714608269219993762171 -1.7024143839193152680953756179429216538439987524343")

// Yoshida6 is the composition of seven leapfrog steps of order 6, solution A of the paper, with the digits of
// Hairer, Lubich & Wanner, Geometric Numerical Integration, section V.3.2.
var Yoshida6 = newSplitting("yoshida6", "H. Yoshida, Phys. Lett. A 150 (1990) 262–268", 6,
	"0.78451361047755726381949763 0.23557321335935813368479318 -1.17767998417887100694641568 1.31518632068391121888424973")
