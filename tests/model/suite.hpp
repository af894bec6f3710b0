// SPDX-License-Identifier: MIT
// The models of one part of the library: all must hold, and together they must notice every mutant of its source.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "expect.hpp"

namespace model {

struct named_model {
  const char* name;
  std::function<void(execution&)> body;
  options settings = {};
  bool all_fences = true;  // explored with each kind of asymmetric fence, else as `settings` says
  bool large = false;      // mutants are tried on it with JAY_SOAK=1 only
};

// A mutant that no model may notice, and why.
struct harmless {
  const char* source;  // part of the line, or of "the line before / the line"
  const char* change;  // part of mutant::text()
  const char* reason;
};

class suite {
 public:
  explicit suite(std::vector<named_model> models) : models_(std::move(models)) {}

  void expect_holds() const {
    for (const auto& m : models_)
      each_fence(m, [&](const options& o) {
        auto r = explore(o, m.body);
        model::expect_holds(r, std::string(m.name) + " (" + name_of(o.fences) + ")");
        return true;
      });
  }

  // Each mutant of the file makes some model fail, but for those listed; and each listed one exists.
  void expect_every_mutant_is_noticed(const std::string& file_name,
                                      const std::vector<harmless>& exceptions = {}) const {
    operation_log log;
    for (const auto& m : models_)
      each_fence(m, [&](options o) {
        o.log = &log;
        o.bound = 1;  // enough to reach every operation
        auto r = explore(o, m.body);
        EXPECT_FALSE(r.failed) << m.name << " fails without a mutant: " << r.reason;
        return true;
      });
    if (::testing::Test::HasFailure()) return;
    auto mutants = log.mutants(file_name);
    EXPECT_FALSE(mutants.empty()) << file_name;
    std::vector<bool> used(exceptions.size());
    std::size_t noticed = 0;
    for (const auto& seeded : mutants) {
      std::string source = seeded.source();
      const harmless* excuse = nullptr;
      for (std::size_t i = 0; i < exceptions.size(); ++i)
        if (stands_at(seeded, exceptions[i].source) && seeded.text().find(exceptions[i].change) != std::string::npos) {
          excuse = &exceptions[i];
          used[i] = true;
        }
      if (excuse && !options::soak()) continue;
      const char* by = noticed_by(seeded);
      if (by) ++noticed;
      if (excuse) {
        EXPECT_EQ(by, nullptr) << seeded.text() << ": said to be harmless, but makes a model fail\n  " << source;
      } else {
        EXPECT_NE(by, nullptr) << seeded.text() << ": no model fails\n  " << source;
      }
      if (std::getenv("JAY_MODEL_VERBOSE")) std::printf("  %-60s %s\n", seeded.text().c_str(), by ? by : "-");
    }
    for (std::size_t i = 0; i < exceptions.size(); ++i)
      EXPECT_TRUE(used[i]) << "no such mutant: " << exceptions[i].source << " | " << exceptions[i].change;
    std::printf("  %s: %zu mutants, %zu noticed\n", file_name.c_str(), mutants.size(), noticed);
  }

 private:
  std::vector<named_model> models_;

  template <class F>
  static void each_fence(const named_model& m, F&& f) {
    options o = m.settings;
    if (!m.all_fences) {
      f(o);
      return;
    }
    for (asymmetry a : all_asymmetries) {
      o.fences = a;
      if (!f(o)) return;
    }
  }

  static bool stands_at(const mutant& m, const std::string& source) {
    return (source.find(" / ") == std::string::npos ? m.source() : m.context()).find(source) != std::string::npos;
  }

  const char* noticed_by(const mutant& seeded) const {
    for (const auto& m : models_) {
      if (m.large && !options::soak()) continue;
      bool failed = false;
      each_fence(m, [&](options o) {
        o.seeded = &seeded;
        failed = explore(o, m.body).failed;
        return !failed;
      });
      if (failed) return m.name;
    }
    return nullptr;
  }
};

}  // namespace model
