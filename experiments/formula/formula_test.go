package formula_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/costate-go/costate/experiments/formula"
)

var names = formula.Names{States: []string{"position", "x₂"}, Controls: 2}

func ExampleConstraint() {
	c, _ := formula.Constraint("u1*x2 <= 3", formula.Names{States: []string{"position", "velocity"}, Controls: 1})
	fmt.Println(c.G(0, []float64{0, 2}, []float64{1}), c.Mixed)
	// Output: -1 true
}

// Values by hand, derivatives by central differences.
func TestFormulas(t *testing.T) {
	at, x, u := 0.7, []float64{1.3, -0.4}, []float64{0.9, 2.1}
	for text, want := range map[string]float64{
		"1.5e-1":                       0.15,
		"2*3 + 4":                      10,
		"2 + 3*4":                      14,
		"2 - 3 - 4":                    -5,
		"16/4/2":                       2,
		"2^3^2":                        512,
		"-2^2":                         -4,
		"2^-1":                         0.5,
		"(1 + 2)*-3":                   -9,
		"pi":                           math.Pi,
		"position*x2":                  1.3 * -0.4,
		"x₂ + x1":                      0.9,
		"u1/u2 - t":                    0.9/2.1 - 0.7,
		"sin(x1)*cos(x2) + tan(t*u1)":  math.Sin(1.3)*math.Cos(-0.4) + math.Tan(0.63),
		"exp(x1 - 1)^2 + log(u2)":      math.Exp(0.6) + math.Log(2.1),
		"sqrt(x1^2 + x2^2) - abs(x2)":  math.Hypot(1.3, 0.4) - 0.4,
		"tanh(u1)^x1":                  math.Pow(math.Tanh(0.9), 1.3),
		"1 − 2·x1":                     -1.6,
		"+x1":                          1.3,
		"x1^3 - 3*x1*x2^2 + 1e2/u2^.5": 1.3*1.3*1.3 - 3*1.3*0.16 + 100/math.Sqrt(2.1),
	} {
		f, err := formula.Parse(text, names)
		if err != nil {
			t.Error(err)
			continue
		}
		if got := f.Eval(at, x, u); math.Abs(got-want) > 1e-13*(1+math.Abs(want)) {
			t.Errorf("%s = %v, want %v", text, got, want)
		}
		gx, gu := []float64{9, 9}, []float64{9, 9}
		f.Grad(gx, gu, at, x, u)
		for k, v := range []struct{ value, slope *float64 }{{&x[0], &gx[0]}, {&x[1], &gx[1]}, {&u[0], &gu[0]}, {&u[1], &gu[1]}} {
			const h = 1e-5
			old := *v.value
			*v.value = old + h
			up := f.Eval(at, x, u)
			*v.value = old - h
			down := f.Eval(at, x, u)
			*v.value = old
			if d := (up - down) / (2 * h); math.Abs(d-*v.slope) > 1e-7*(1+math.Abs(d)) {
				t.Errorf("%s: derivative %d is %v, by differences %v", text, k, *v.slope, d)
			}
		}
		if n := testing.AllocsPerRun(10, func() { f.Eval(at, x, u); f.Grad(gx, gu, at, x, u) }); n != 0 {
			t.Errorf("%s allocates %v times", text, n)
		}
	}
}

func TestBadFormulas(t *testing.T) {
	for text, want := range map[string]string{
		"":                         "ends too soon",
		"1 +":                      "character 4",
		"x3":                       `"x3" is none of x1 (position), x2 (x₂), u1, u2, t`,
		"u":                        "is none of",
		"2x1":                      "is no number",
		"1 2":                      `unexpected "2"`,
		"(x1":                      "not closed",
		"sin x1":                   "wants parentheses",
		"x1 ** 2":                  "is none of",
		"1e999":                    "is no number",
		"x1 $ 2":                   `unexpected "$"`,
		strings.Repeat("(", 1000):  "deep",
		strings.Repeat("-", 10000): "deep",
	} {
		if _, err := formula.Parse(text, names); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.20q: %v, want %q", text, err, want)
		}
	}
}

func TestConstraints(t *testing.T) {
	x, u := []float64{2, 3}, []float64{5, 7}
	for _, c := range []struct {
		text                 string
		g                    float64
		mixed, equality, end bool
	}{
		{"x1 <= 0.5", 1.5, false, false, false},
		{"position ≥ 0.5", -1.5, false, false, false},
		{"end: x1*x2 = 1", 5, false, true, true},
		{"u1*x2 <= x1 + t", 13 - 0.25, true, false, false},
	} {
		p, err := formula.Constraint(c.text, names)
		if err != nil {
			t.Error(err)
			continue
		}
		if g := p.G(0.25, x, u); g != c.g || p.Mixed != c.mixed || p.Equality != c.equality || p.End != c.end || p.Name != c.text {
			t.Errorf("%s: g = %v, %+v", c.text, g, p)
		}
	}
	for text, want := range map[string]string{"x1": "no <=", "x1 <=": "ends too soon", "1 <= 2": "neither states nor controls", "x1 == 2": "=", "y <= 1": "is none of"} {
		if _, err := formula.Constraint(text, names); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

func TestJumps(t *testing.T) {
	j, err := formula.Jump("0.5: x1 = x1*x2, x2 = u1 + t", names)
	if err != nil {
		t.Fatal(err)
	}
	x, u, p := []float64{2, 3}, []float64{5, 7}, []float64{10, 100}
	after, px, pu := make([]float64, 2), make([]float64, 2), make([]float64, 2)
	j.Map(after, x, u)
	j.VJP(px, pu, x, u, p)
	if j.T != 0.5 || fmt.Sprint(after, px, pu) != "[6 5.5] [30 20] [100 0]" {
		t.Errorf("t = %v: %v, %v, %v", j.T, after, px, pu)
	}
	if j, err = formula.Jump("2: x₂ = -x₂", names); err != nil {
		t.Fatal(err)
	}
	j.Map(after, x, u)
	if j.VJP(px, pu, x, u, p); fmt.Sprint(after, px, pu) != "[2 -3] [10 -100] [0 0]" {
		t.Errorf("%v, %v, %v", after, px, pu)
	}
	for text, want := range map[string]string{
		"x1 = 2": "a time and a colon", "0.5: x1": "no state", "0.5: u1 = 2": "no state", "0.5: x1 = 1, x1 = 2": "two values", "0.5: x1 = y": "is none of",
	} {
		if _, err := formula.Jump(text, names); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}
