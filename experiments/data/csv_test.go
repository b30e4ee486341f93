package data_test

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/costate-go/costate/experiments/data"
)

func series(t *testing.T, text string, o data.CSVOptions) (*data.Series, error) {
	t.Helper()
	tab, err := data.ParseTable("f.csv", []byte(text))
	if err != nil {
		return nil, err
	}
	return tab.Series(o)
}

func TestSeriesCSV(t *testing.T) {
	for _, c := range []struct {
		name, text string
		o          data.CSVOptions
		want       string // time name, names, times, values, missing
	}{
		{"header", "t,a,b\n0,1,2\n1,3,4\n", data.CSVOptions{}, "t [a b] [0 1] [1 2 3 4] 0"},
		{"no header", "0,1\n1,3\n", data.CSVOptions{}, "1 [2] [0 1] [1 3] 0"},
		{"semicolon, BOM, CRLF", "\ufefft;a\r\n0;1\r\n1;3\r\n", data.CSVOptions{}, "t [a] [0 1] [1 3] 0"},
		{"tab, comments, blank lines", "# by hand, in tons; 1900\n\nt\ta\n# x\n0\t1\n\n1\t3\n", data.CSVOptions{}, "t [a] [0 1] [1 3] 0"},
		{"quotes", "t,\"a,b;c\"\n0,\"1\"\n1, 2 \n", data.CSVOptions{}, "t [a,b;c] [0 1] [1 2] 0"},
		{"missing", "t,a,b\n0,NA,2\n1,,NaN\n", data.CSVOptions{}, "t [a b] [0 1] [NaN 2 NaN NaN] 3"},
		{"by name", "a,t,b\n5,0,2\n6,1,4\n", data.CSVOptions{Time: "t", Columns: []string{"b", "1"}}, "t [b a] [0 1] [2 5 4 6] 0"},
		{"span", "t,a\n0,1\n1,3\n2,4\n3,5\n", data.CSVOptions{T0: 1, T1: 2}, "t [a] [1 2] [3 4] 0"},
		{"log", "t,a\n0,1\n1,1\n", data.CSVOptions{Log: true}, "t [a] [0 1] [0 0] 0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := series(t, c.text, c.o)
			if err != nil {
				t.Fatal(err)
			}
			if got := fmt.Sprint(s.TimeName, " ", s.Names, s.T, s.X, s.Missing); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestSeriesCSVErrors(t *testing.T) {
	for _, c := range []struct {
		name, text string
		o          data.CSVOptions
		want       string
	}{
		{"word", "t,x\n0,1\n1,abc\n", data.CSVOptions{}, `f.csv:3: column "x": "abc" is not a number`},
		{"hexadecimal", "t,x\n0,1\n1,0x1p3\n", data.CSVOptions{}, `f.csv:3: column "x": "0x1p3" is not a number`},
		{"decimal comma", "t;x\n0;1,5\n1;2\n", data.CSVOptions{}, `f.csv:2: column "x": "1,5" is not a number; write the decimal point as '.'`},
		{"infinite", "t,x\n0,1\n1,inf\n", data.CSVOptions{}, `f.csv:3: column "x": "inf" is not finite`},
		{"order", "t,x\n0,1\n# c\n2,1\n1,1\n", data.CSVOptions{}, `f.csv:5: column "t": time 1 does not exceed 2, the one before`},
		{"equal times", "t,x\n0,1\n0,2\n", data.CSVOptions{}, `f.csv:3: column "t": time 0 does not exceed 0`},
		{"no time", "t,x\n0,1\n,2\n", data.CSVOptions{}, `f.csv:3: column "t": the time is missing`},
		{"ragged", "t,x\n0,1\n1\n", data.CSVOptions{}, `f.csv:3: has 1 cells, the first row has 2`},
		{"bad quote", "t,x\n0,\"1\n", data.CSVOptions{}, `f.csv:2: `},
		{"twice", "t,x,x\n0,1,1\n", data.CSVOptions{}, `f.csv:1: two columns are named "x"`},
		{"no column", "t,x\n0,1\n1,1\n", data.CSVOptions{Columns: []string{"y"}}, `f.csv: no column "y"; the columns are t, x`},
		{"time as state", "t,x\n0,1\n1,1\n", data.CSVOptions{Columns: []string{"t"}}, `f.csv: column "t": is chosen twice`},
		{"empty", "", data.CSVOptions{}, `f.csv: has no rows`},
		{"header only", "t,x\n", data.CSVOptions{}, `f.csv: has no rows`},
		{"one row", "t,x\n0,1\n", data.CSVOptions{}, `f.csv: 1 rows in the time span`},
		{"one column", "t\n0\n1\n", data.CSVOptions{}, `f.csv: has one column only`},
		{"binary", "\xff\xfe\x00", data.CSVOptions{}, `f.csv: is not UTF-8`},
		{"log of zero", "t,x\n0,1\n1,0\n", data.CSVOptions{Log: true}, `f.csv:3: column "x": 0 has no logarithm`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := series(t, c.text, c.o)
			var e *data.Error
			if !errors.As(err, &e) || !errors.Is(err, data.ErrData) {
				t.Fatalf("error %v of type %T", err, err)
			}
			if !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
		})
	}
	if _, err := data.ReadTable(filepath.Join(t.TempDir(), "none.csv")); !errors.Is(err, fs.ErrNotExist) || !errors.Is(err, data.ErrData) {
		t.Errorf("missing file: %v", err)
	}
}

func TestPointsCSV(t *testing.T) {
	tab, err := data.ParseTable("f.csv", []byte("a,b,class\n1,2,10\n3,4,9\n5,6,10\n"))
	if err != nil {
		t.Fatal(err)
	}
	p, err := tab.Points(data.CSVOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(p.Classes, []string{"9", "10"}) || !reflect.DeepEqual(p.Labels, []int{1, 0, 1}) || p.Row(2)[1] != 6 {
		t.Errorf("%+v", p)
	}
	tab, _ = data.ParseTable("f.csv", []byte("a,class\n,x\n3,y\n"))
	if _, err := tab.Points(data.CSVOptions{}); err == nil || !strings.Contains(err.Error(), `f.csv:2: column "a": the value is missing`) {
		t.Errorf("missing value: %v", err)
	}
}

func TestLynxHare(t *testing.T) {
	path := "../../../shared/data/lynx-hare.csv"
	if _, err := os.Stat(path); err != nil {
		t.Skip("lynx-hare.csv is not at ../shared/data from the project's root")
	}
	tab, err := data.ReadTable(path)
	if err != nil {
		t.Fatal(err)
	}
	s, err := tab.Series(data.CSVOptions{Time: "year", Columns: []string{"hare", "lynx"}, Log: true})
	if err != nil {
		t.Fatal(err)
	}
	if s.Len() != 21 || s.T[20] != 1920 || math.Abs(s.Row(0)[0]-math.Log(30)) > 1e-15 || math.Abs(s.Row(20)[1]-math.Log(8.6)) > 1e-15 {
		t.Errorf("%d rows, %v … %v", s.Len(), s.Row(0), s.Row(20))
	}
}

func FuzzTable(f *testing.F) {
	f.Add("t,x\n0,1\n1,2\n")
	f.Add("\"a\"\"b\";c\n#\n1;2")
	f.Fuzz(func(t *testing.T, text string) {
		if tab, err := data.ParseTable("f", []byte(text)); err == nil {
			if s, err := tab.Series(data.CSVOptions{}); err == nil && len(s.X) != s.Len()*s.Dim() {
				t.Fatal("shape")
			}
			_, _ = tab.Points(data.CSVOptions{})
		} else if !errors.Is(err, data.ErrData) {
			t.Fatalf("%T %v", err, err)
		}
	})
}

func ExampleTable_Series() {
	table, err := data.ParseTable("pelts.csv", []byte("year,lynx,hare\n1900,4.0,30.0\n1901,6.1,NA\n"))
	if err != nil {
		fmt.Println(err)
		return
	}
	s, err := table.Series(data.CSVOptions{Time: "year", Columns: []string{"hare"}})
	fmt.Println(s.Names, s.T, s.X, err)
	// Output: [hare] [1900 1901] [30 NaN] <nil>
}

// The data of built-in experiments need no file.
func TestBuiltInData(t *testing.T) {
	t.Chdir(t.TempDir())
	s, err := data.ReadTable("configs/rooms.csv")
	if err != nil || len(s.Cells) < 100 || len(s.Hash) != 64 {
		t.Errorf("%v", err)
	}
}
