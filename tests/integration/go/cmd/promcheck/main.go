// Command promcheck reads a page of metrics from standard input with Prometheus' own parser and prints it as JSON.
// It exits 1 when the parser refuses the page, or when a histogram is not one: counts that fall, or a last bucket that
// is not the count.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// series is one line of a counter or gauge, or one histogram.
type series struct {
	Labels map[string]string `json:"labels"`
	Value  float64           `json:"value"`
	Sum    float64           `json:"sum,omitempty"`
}

// family is all series of one name.
type family struct {
	Type   string   `json:"type"`
	Help   string   `json:"help"`
	Series []series `json:"series"`
}

func main() {
	families, err := read(os.Stdin)
	if err != nil {
		fmt.Fprintln(os.Stderr, "promcheck:", err)
		os.Exit(1)
	}
	if err := json.NewEncoder(os.Stdout).Encode(families); err != nil {
		fmt.Fprintln(os.Stderr, "promcheck:", err)
		os.Exit(1)
	}
}

func read(page io.Reader) (map[string]family, error) {
	parser := expfmt.NewTextParser(model.LegacyValidation)
	parsed, err := parser.TextToMetricFamilies(page)
	if err != nil {
		return nil, err
	}
	families := map[string]family{}
	for name, one := range parsed {
		read := family{Type: one.GetType().String(), Help: one.GetHelp()}
		for _, metric := range one.GetMetric() {
			value, err := valueOf(one.GetType(), metric)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			read.Series = append(read.Series, value)
		}
		families[name] = read
	}
	return families, nil
}

func valueOf(kind dto.MetricType, metric *dto.Metric) (series, error) {
	read := series{Labels: map[string]string{}}
	for _, label := range metric.GetLabel() {
		read.Labels[label.GetName()] = label.GetValue()
	}
	switch kind {
	case dto.MetricType_COUNTER:
		read.Value = metric.GetCounter().GetValue()
	case dto.MetricType_GAUGE:
		read.Value = metric.GetGauge().GetValue()
	case dto.MetricType_HISTOGRAM:
		histogram := metric.GetHistogram()
		read.Value, read.Sum = float64(histogram.GetSampleCount()), histogram.GetSampleSum()
		return read, checkHistogram(histogram)
	default:
		return read, fmt.Errorf("type %s, should be counter, gauge or histogram", kind)
	}
	return read, nil
}

func checkHistogram(histogram *dto.Histogram) error {
	var before uint64
	for _, bucket := range histogram.GetBucket() {
		if bucket.GetCumulativeCount() < before {
			return fmt.Errorf("bucket %v counts less than the one below it", bucket.GetUpperBound())
		}
		before = bucket.GetCumulativeCount()
	}
	if before != histogram.GetSampleCount() {
		return fmt.Errorf("the last bucket holds %d, the count is %d", before, histogram.GetSampleCount())
	}
	return nil
}
