// SPDX-License-Identifier: MIT
#include "report_chart.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace jay_tool {
namespace {

// All in the units of the viewBox; the page scales it to its column.
constexpr double width = 640, label_width = 128, value_width = 120, bar_height = 20, bar_gap = 6, title_height = 24;

std::string svg(double height, const std::string& description, const std::string& content) {
  return fmt::format("<svg viewBox=\"0 0 {:.0f} {:.0f}\" role=\"img\" aria-label=\"{}\">\n{}</svg>\n", width, height,
                     html_escape(description), content);
}

std::string text_at(double x, double y, const char* classes, const std::string& text) {
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" class=\"{}\">{}</text>\n", x, y, classes, html_escape(text));
}

std::string line(double x1, double y1, double x2, double y2, const char* classes) {
  return fmt::format("<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" class=\"{}\"/>\n", x1, y1, x2, y2,
                     classes);
}

std::string time_text(double microseconds) { return figure_text(microseconds, "us"); }

/// A power of ten: "100 us", not "100.0 us".
std::string tick_text(double microseconds) {
  std::string text = time_text(microseconds);
  const std::size_t point = text.find('.'), blank = text.find(' ');
  return point == std::string::npos ? text : text.erase(point, blank - point);
}

}  // namespace

std::string html_escape(const std::string& text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      default: out += c;
    }
  }
  return out;
}

std::string bar_chart(const std::vector<chart_group>& groups, const std::string& caption) {
  double most = 0;
  for (const chart_group& group : groups) {
    for (const chart_bar& bar : group.bars) most = std::max({most, bar.value, bar.range.high});
  }
  if (most <= 0) return "";
  const double scale = (width - label_width - value_width) / most;
  std::string content;
  double y = 4;
  for (const chart_group& group : groups) {
    content += text_at(0, y + 14, "group", group.title);
    y += title_height;
    for (const chart_bar& bar : group.bars) {
      const double middle = y + bar_height / 2, length = std::max(bar.value * scale, 1.0);
      content += fmt::format("<g><title>{}</title>\n", html_escape(bar.note));
      content += text_at(label_width - 8, middle + 4.5, bar.series == 0 ? "label own" : "label", bar.label);
      content +=
          fmt::format("<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.0f}\" rx=\"3\" class=\"s{}\"/>\n",
                      label_width, y, length, bar_height, bar.series);
      const double low = label_width + bar.range.low * scale, high = label_width + bar.range.high * scale;
      content += line(low, middle, high, middle, "whisker") + line(low, middle - 4, low, middle + 4, "whisker") +
                 line(high, middle - 4, high, middle + 4, "whisker");
      content += text_at(std::max(label_width + length, high) + 8, middle + 4.5,
                         bar.series == 0 ? "value own" : "value", bar.value_text);
      content += "</g>\n";
      y += bar_height + bar_gap;
    }
    y += 6;
  }
  content += text_at(label_width, y + 12, "axis", caption);
  return svg(y + 20, caption, content);
}

std::string percentile_chart(const std::vector<chart_percentiles>& rows, const std::vector<std::string>& names) {
  double least = 1e300, most = 0;
  for (const chart_percentiles& row : rows) {
    for (const double value : row.values) {
      if (value > 0) least = std::min(least, value);
      most = std::max(most, value);
    }
  }
  if (most <= 0) return "";
  // At least a decade, from and to whole powers of ten.
  const double from = std::floor(std::log10(least)), to = std::max(std::ceil(std::log10(most)), from + 1);
  // Some room at the left, where the first point's text would meet the row's name.
  const double left = label_width + 28, right = width - 24, row_height = 40, top = 8;
  const double bottom = top + row_height * static_cast<double>(rows.size());
  auto x_of = [&](double value) {
    return left + (std::log10(std::max(value, std::pow(10, from))) - from) / (to - from) * (right - left);
  };
  std::string content;
  for (double decade = from; decade <= to; ++decade) {
    const double x = x_of(std::pow(10, decade));
    content +=
        line(x, top, x, bottom, "grid") + text_at(x, bottom + 16, "axis middle", tick_text(std::pow(10, decade)));
    for (int part = 2; part < 10 && decade < to; ++part) {
      const double minor = x_of(part * std::pow(10, decade));
      content += line(minor, top, minor, bottom, "grid minor");
    }
  }
  double y = top + row_height / 2;
  for (const chart_percentiles& row : rows) {
    content += text_at(label_width - 8, y + 4.5, row.series == 0 ? "label own" : "label", row.label);
    content += fmt::format("<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" class=\"range s{}\"/>\n",
                           x_of(row.values.front()), y, x_of(row.values.back()), y, row.series);
    double last_x = -1000;
    for (std::size_t i = 0; i < row.values.size(); ++i) {
      const double x = x_of(row.values[i]);
      content +=
          fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"5\" class=\"s{}\"><title>{} {}: {}</title></circle>\n",
                      x, y, row.series, html_escape(row.label), names[i], time_text(row.values[i]));
      // Labels that would meet are left to the tooltip and the table.
      if (x - last_x > 62) {
        content += text_at(x, y - 9, "point middle", fmt::format("{} {}", names[i], time_text(row.values[i])));
        last_x = x;
      }
    }
    y += row_height;
  }
  return svg(bottom + 24, "latency percentiles, logarithmic", content);
}

std::string scaling_chart(const std::vector<chart_line>& lines) {
  double most = 1;
  for (const chart_line& one : lines) {
    for (const auto& [workers, speed_up] : one.points) most = std::max({most, workers, speed_up});
  }
  if (lines.empty() || most <= 1) return "";
  const double left = 36, right = width - 110, top = 10, bottom = 240;
  auto x_of = [&](double workers) { return left + (workers - 1) / (most - 1) * (right - left); };
  auto y_of = [&](double speed_up) { return bottom - speed_up / most * (bottom - top); };
  std::string content;
  const double step = most <= 8 ? 1 : std::ceil(most / 8);
  for (double tick = 0; tick <= most + 0.001; tick += step)
    content += line(left, y_of(tick), right, y_of(tick), "grid") +
               text_at(left - 8, y_of(tick) + 4, "axis end", fmt::format("{:g}", tick));
  for (double tick = 1; tick <= most + 0.001; tick += step)
    content += text_at(x_of(tick), bottom + 16, "axis middle", fmt::format("{:g}", tick));
  content += line(x_of(1), y_of(1), x_of(most), y_of(most), "ideal");
  std::vector<double> taken;
  for (const chart_line& one : lines) {
    std::string path;
    for (const auto& [workers, speed_up] : one.points)
      path += fmt::format("{}{:.1f} {:.1f}", path.empty() ? "M" : " L", x_of(workers), y_of(speed_up));
    content += fmt::format("<path d=\"{}\" class=\"curve s{}\"/>\n", path, one.series);
    for (const auto& [workers, speed_up] : one.points) {
      content += fmt::format(
          "<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"4\" class=\"s{}\"><title>{}: {:.2f} with {:g} "
          "workers</title></circle>\n",
          x_of(workers), y_of(speed_up), one.series, html_escape(one.label), speed_up, workers);
    }
    // Names stand at the right end, moved down where two would meet.
    double y = y_of(one.points.back().second) + 4;
    for (bool moved = true; moved;) {
      moved = false;
      for (const double other : taken) {
        if (std::abs(other - y) < 14) {
          y = other + 14;
          moved = true;
        }
      }
    }
    taken.push_back(y);
    content += text_at(x_of(one.points.back().first) + 10, y, one.series == 0 ? "name own" : "name",
                       fmt::format("{} {:.2f}", one.label, one.points.back().second));
  }
  const double lowest = taken.empty() ? bottom : std::max(bottom, *std::max_element(taken.begin(), taken.end()));
  content += text_at((left + right) / 2, bottom + 32, "axis middle", "workers");
  return svg(std::max(bottom + 38, lowest + 8), "speed-up over the number of workers", content);
}

}  // namespace jay_tool
