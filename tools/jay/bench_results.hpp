// SPDX-License-Identifier: MIT
#pragma once

// What `jay bench run` measured, as it stands in a results file:
//
//   { "environment": {...},
//     "rows": [ {"bench", "runtime", "compiler", "workers", "metric", "unit", "better", "median", "min", "samples": [...]} ],
//     "failures": [ {"bench", "runtime", "workers", "reason"} ] }

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace jay_tool {

/// A range that a figure lies in.
struct interval {
  double low = 0, high = 0;
  bool overlaps(const interval& other) const { return low <= other.high && other.low <= high; }
};

double median(std::vector<double> samples);

/// The range that holds the median of what was sampled with a probability of 95 % or more, whatever the distribution: by order
/// statistics from six samples on (5 samples: smallest to largest is 94 %), and smallest to largest below that.
interval median_interval(std::vector<double> samples);

struct bench_row {
  std::string bench, runtime, compiler;
  unsigned workers = 1;
  std::string metric, unit;
  bool lower_is_better = true;
  std::vector<double> samples;

  double middle() const { return median(samples); }
  double least() const;
  /// The least where lower is better, the most where higher is.
  double best() const;
  interval range() const { return median_interval(samples); }
  /// Whether both are the same measurement.
  bool same_as(const bench_row& other) const;
};

struct bench_failure {
  std::string bench, runtime;
  unsigned workers = 1;
  std::string reason;
};

struct bench_results {
  nlohmann::ordered_json environment;
  std::vector<bench_row> rows;
  std::vector<bench_failure> failures;

  /// Adds a sample to its row, which is made where there is none yet.
  void add(const bench_row& key, double sample);
  const bench_row* find(const std::string& bench, const std::string& runtime, unsigned workers,
                        const std::string& metric) const;
};

nlohmann::ordered_json to_json(const bench_results& results);

/// Throws std::runtime_error that names the file and what is wrong with it.
bench_results load_results(const std::string& path);
void save_results(const bench_results& results, const std::string& path);

/// Writes a file by way of a temporary one beside it, so that a reader never sees half of it.
void write_file(const std::string& path, const std::string& text);

/// A figure with three significant digits and its unit: 12345678 as 12.3 M, 1500 us as 1.5 ms.
std::string figure_text(double value, const std::string& unit);

}  // namespace jay_tool
