// SPDX-License-Identifier: MIT
#include "bench_results.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace jay_tool {
namespace {

using json = nlohmann::ordered_json;

/// The largest k such that the k-th smallest and k-th largest of n samples enclose the median with 95 % (0: none does).
std::size_t enclosing_rank(std::size_t n) {
  // P(median below the k-th smallest) = P(fewer than k of n fair coins) = sum of C(n, i) / 2^n over i < k.
  double term = std::pow(0.5, static_cast<double>(n)), below = 0;
  std::size_t rank = 0;
  for (std::size_t i = 0; i < n / 2; ++i) {
    below += term;
    if (2 * below > 0.05) break;
    rank = i + 1;
    term *= static_cast<double>(n - i) / static_cast<double>(i + 1);
  }
  return rank;
}

std::string three_digits(double value) {
  const double size = std::abs(value);
  const int decimals = size >= 99.95 || size == 0 ? 0 : size >= 9.995 ? 1 : 2;
  if (size < 0.0995 && size > 0) return fmt::format("{:.2g}", value);
  return fmt::format("{:.{}f}", value, decimals);
}

bench_row row_from(const json& entry) {
  bench_row row;
  row.bench = entry.at("bench");
  row.runtime = entry.at("runtime");
  row.compiler = entry.value("compiler", "");
  row.workers = entry.at("workers");
  row.metric = entry.at("metric");
  row.unit = entry.at("unit");
  const std::string better = entry.at("better");
  if (better != "lower" && better != "higher")
    throw std::runtime_error(fmt::format("\"better\" is \"{}\", not lower or higher", better));
  row.lower_is_better = better == "lower";
  row.samples = entry.at("samples").get<std::vector<double>>();
  if (row.samples.empty()) throw std::runtime_error(fmt::format("{} of {} has no samples", row.metric, row.bench));
  return row;
}

}  // namespace

double median(std::vector<double> samples) {
  if (samples.empty()) return 0;
  std::sort(samples.begin(), samples.end());
  const std::size_t half = samples.size() / 2;
  return samples.size() % 2 == 1 ? samples[half] : (samples[half - 1] + samples[half]) / 2;
}

interval median_interval(std::vector<double> samples) {
  if (samples.empty()) return {};
  std::sort(samples.begin(), samples.end());
  const std::size_t rank = std::max<std::size_t>(enclosing_rank(samples.size()), 1);
  return {samples[rank - 1], samples[samples.size() - rank]};
}

double bench_row::least() const { return samples.empty() ? 0 : *std::min_element(samples.begin(), samples.end()); }

double bench_row::best() const {
  if (samples.empty() || lower_is_better) return least();
  return *std::max_element(samples.begin(), samples.end());
}

bool bench_row::same_as(const bench_row& other) const {
  return bench == other.bench && runtime == other.runtime && workers == other.workers && metric == other.metric;
}

void bench_results::add(const bench_row& key, double sample) {
  auto row = std::find_if(rows.begin(), rows.end(), [&](const bench_row& one) { return one.same_as(key); });
  if (row == rows.end()) {
    row = rows.insert(rows.end(), key);
    row->samples.clear();
  }
  row->samples.push_back(sample);
}

const bench_row* bench_results::find(const std::string& bench, const std::string& runtime, unsigned workers,
                                     const std::string& metric) const {
  for (const bench_row& row : rows) {
    if (row.bench == bench && row.runtime == runtime && row.workers == workers && row.metric == metric) return &row;
  }
  return nullptr;
}

json to_json(const bench_results& results) {
  json rows = json::array(), failures = json::array();
  for (const bench_row& row : results.rows) {
    rows.push_back({{"bench", row.bench},
                    {"runtime", row.runtime},
                    {"compiler", row.compiler},
                    {"workers", row.workers},
                    {"metric", row.metric},
                    {"unit", row.unit},
                    {"better", row.lower_is_better ? "lower" : "higher"},
                    {"median", row.middle()},
                    {"min", row.least()},
                    {"samples", row.samples}});
  }
  for (const bench_failure& failure : results.failures) {
    failures.push_back({{"bench", failure.bench},
                        {"runtime", failure.runtime},
                        {"workers", failure.workers},
                        {"reason", failure.reason}});
  }
  return {{"environment", results.environment}, {"rows", rows}, {"failures", failures}};
}

bench_results load_results(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error(fmt::format("read {}: {}", path, std::strerror(errno)));
  try {
    const json document = json::parse(file);
    bench_results results;
    results.environment = document.value("environment", json::object());
    for (const json& entry : document.at("rows")) results.rows.push_back(row_from(entry));
    for (const json& entry : document.value("failures", json::array())) {
      results.failures.push_back({entry.at("bench"), entry.at("runtime"), entry.at("workers"), entry.at("reason")});
    }
    return results;
  } catch (const std::exception& error) {
    throw std::runtime_error(
        fmt::format("read {}: not a results file of `jay bench run --out`: {}", path, error.what()));
  }
}

void save_results(const bench_results& results, const std::string& path) {
  write_file(path, to_json(results).dump(1) + "\n");
}

void write_file(const std::string& path, const std::string& text) {
  const std::string unfinished = path + ".new";
  {
    std::ofstream file(unfinished, std::ios::binary | std::ios::trunc);
    file << text;
    file.close();
    if (!file) throw std::runtime_error(fmt::format("write {}: {}", unfinished, std::strerror(errno)));
  }
  std::filesystem::rename(unfinished, path);
}

std::string figure_text(double value, const std::string& unit) {
  static const std::vector<std::pair<const char*, double>> seconds_in = {
      {"ns", 1e-9}, {"us", 1e-6}, {"ms", 1e-3}, {"s", 1}};
  const auto time =
      std::find_if(seconds_in.begin(), seconds_in.end(), [&](const auto& known) { return unit == known.first; });
  if (time != seconds_in.end()) {
    const double seconds = value * time->second;
    // The largest unit that leaves at least one whole.
    const auto fit = std::find_if(seconds_in.rbegin(), seconds_in.rend(),
                                  [&](const auto& known) { return std::abs(seconds) >= 0.9995 * known.second; });
    const auto& [name, size] = fit == seconds_in.rend() ? seconds_in.front() : *fit;
    return three_digits(seconds / size) + " " + name;
  }
  static const std::vector<std::pair<const char*, double>> prefixes = {{" G", 1e9}, {" M", 1e6}, {" k", 1e3}};
  std::string text;
  if (std::abs(value) >= 9999.5) {
    const auto fit = std::find_if(prefixes.begin(), prefixes.end(),
                                  [&](const auto& prefix) { return std::abs(value) >= 0.9995 * prefix.second; });
    text = three_digits(value / fit->second) + fit->first;
  } else {
    text = three_digits(value);
  }
  return unit == "%" || unit == "MiB" ? text + " " + unit : text;
}

}  // namespace jay_tool
