// SPDX-License-Identifier: MIT
// `jay bench` from outside, on small shell scripts in place of the benchmark programs.
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

std::string text_of(const fs::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

struct outcome {
  int status = -1;
  std::string out, err;
};

class JayBench : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "jay_bench_test_XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    fs::create_directories(bin() / "peers");
  }
  void TearDown() override { fs::remove_all(folder_); }

  fs::path bin() const { return folder_ / "bin"; }
  fs::path file(const std::string& name) const { return folder_ / name; }

  /// A program of the benchmark folder; $FOLDER is the test's own.
  void program(const std::string& name, const std::string& body) const {
    const fs::path path = bin() / name;
    fs::create_directories(path.parent_path());
    std::ofstream(path) << "#!/bin/sh\nFOLDER='" << folder_.string() << "'\n" << body << "\n";
    fs::permissions(path, fs::perms::owner_all);
  }

  /// A shell command that prints one result line; `value` is put in as it is.
  static std::string prints(const std::string& runtime, const std::string& metric, const std::string& value,
                            const std::string& better = "lower") {
    return R"(printf '{"bench":"x","runtime":")" + runtime + R"(","compiler":"test 1","workers":%s,"metric":")" +
           metric + R"(","unit":"ns","better":")" + better + R"(","value":%s}\n' "$2" ")" + value + "\"";
  }

  pid_t start(const std::vector<std::string>& words) const {
    std::vector<std::string> command = {JAY_COMMAND, "bench"};
    command.insert(command.end(), words.begin(), words.end());
    std::vector<char*> arguments;
    for (std::string& word : command) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    const pid_t child = fork();
    if (child == 0) {
      if (std::freopen(file("out").c_str(), "w", stdout) == nullptr ||
          std::freopen(file("err").c_str(), "w", stderr) == nullptr)
        _exit(126);
      execv(arguments[0], arguments.data());
      _exit(127);
    }
    return child;
  }

  outcome finish(pid_t child) const {
    int status = 0;
    EXPECT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status));
    return {WEXITSTATUS(status), text_of(file("out")), text_of(file("err"))};
  }

  outcome bench(const std::vector<std::string>& words) const { return finish(start(words)); }

  outcome run(std::vector<std::string> words) const {
    words.insert(words.begin(), {"run", "--bin", bin().string()});
    return bench(words);
  }

  json results(const std::string& name = "r.json") const { return json::parse(text_of(file(name))); }

  static json row(const json& all, const std::string& runtime, const std::string& metric) {
    for (const json& one : all.at("rows")) {
      if (one.at("runtime") == runtime && one.at("metric") == metric) return one;
    }
    return {};
  }

  /// A results file with one row of these samples.
  void save(const std::string& name, const std::vector<double>& samples, const std::string& better = "lower",
            const std::string& runtime = "jay") const {
    json one = {
        {"bench", "fib"}, {"runtime", runtime}, {"compiler", "test 1"}, {"workers", 2}, {"metric", "ns_per_task"},
        {"unit", "ns"},   {"better", better},   {"median", 0},          {"min", 0},     {"samples", samples}};
    std::ofstream(file(name)) << json{{"environment", {{"cpu", "A <fast> one"}}}, {"rows", {one}}};
  }

 private:
  fs::path folder_;
};

TEST_F(JayBench, RunWritesMedianAndLeastWithoutTheWarmUp) {
  program("fib",
          "echo run >> $FOLDER/count; set -- \"$1\" \"$2\" $(sed -n \"$(wc -l < $FOLDER/count)p\" $FOLDER/values);" +
              prints("jay", "ns_per_task", "$3"));
  std::ofstream(file("values")) << "99\n5\n1\n3\n";
  const outcome ran = run({"fib", "--workers", "2", "--repeat", "3", "--out", file("r.json").string()});
  EXPECT_EQ(ran.status, 0) << ran.err;
  const json found = row(results(), "jay", "ns_per_task");
  EXPECT_EQ(found.at("bench"), "fib");
  EXPECT_EQ(found.at("compiler"), "test 1");
  EXPECT_EQ(found.at("workers"), 2);
  EXPECT_EQ(found.at("unit"), "ns");
  EXPECT_EQ(found.at("better"), "lower");
  EXPECT_EQ(found.at("median"), 3);
  EXPECT_EQ(found.at("min"), 1);
  EXPECT_EQ(found.at("samples"), json({5, 1, 3}));
}

TEST_F(JayBench, ResultsNameTheMachine) {
  program("fib", prints("jay", "ns_per_task", "1"));
  run({"fib", "--workers", "1", "--repeat", "1", "--out", file("r.json").string()});
  const json environment = results().at("environment");
  for (const char* key : {"date", "cpu", "processors", "kernel", "compilers", "load_average", "jay", "repeat", "quick"})
    EXPECT_TRUE(environment.contains(key)) << key;
  EXPECT_EQ(environment.at("compilers"), json({"test 1"}));
}

TEST_F(JayBench, ProgramsRunInTurn) {
  program("fib", "echo jay >> $FOLDER/log;" + prints("jay", "ns_per_task", "1"));
  program("peers/tbb/fib", "echo tbb >> $FOLDER/log;" + prints("tbb", "ns_per_task", "2"));
  const outcome ran = run({"fib", "--workers", "2", "--repeat", "2"});
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(text_of(file("log")), "jay\ntbb\njay\ntbb\njay\ntbb\n");
  EXPECT_NE(ran.out.find("2.00 x worse"), std::string::npos) << ran.out;
}

TEST_F(JayBench, PlainCodeTakesPartWithOneWorkerOnly) {
  program("fib", prints("jay", "ns_per_task", "1"));
  program("peers/serial/fib", "echo $2 >> $FOLDER/log;" + prints("serial", "ns_per_task", "2"));
  run({"fib", "--workers", "1,2", "--repeat", "1"});
  EXPECT_EQ(text_of(file("log")), "1\n1\n");
}

TEST_F(JayBench, OneEventLoopTakesPartWithOneWorkerOnly) {
  program("fib", prints("jay", "ns_per_task", "1"));
  program("peers/libuv/fib", prints("libuv", "ns_per_task", "1"));
  program("peers/uvloop/fib.py", prints("uvloop", "ns_per_task", "1"));
  const outcome planned = run({"--plan", "--workers", "1,2", "fib"});
  EXPECT_NE(planned.err.find("1 worker   jay libuv uvloop\n"), std::string::npos) << planned.err;
  EXPECT_NE(planned.err.find("2 workers  jay\n"), std::string::npos) << planned.err;
}

TEST_F(JayBench, PeersCanBeChosen) {
  program("fib", prints("jay", "ns_per_task", "1"));
  program("peers/tbb/fib", prints("tbb", "ns_per_task", "1"));
  program("peers/go/fib", prints("go", "ns_per_task", "1"));
  const outcome some = run({"--plan", "--peers", "go", "fib"});
  EXPECT_EQ(some.status, 0) << some.err;
  EXPECT_NE(some.err.find("jay go\n"), std::string::npos) << some.err;
  const outcome none = run({"--plan", "--peers", "none", "fib"});
  EXPECT_EQ(none.err.find("go\n"), std::string::npos) << none.err;
}

TEST_F(JayBench, PlanComesFirstAndAloneRunsNothing) {
  program("fib", "echo ran >> $FOLDER/log;" + prints("jay", "ns_per_task", "1"));
  const outcome planned = run({"fib", "--plan"});
  EXPECT_EQ(planned.status, 0);
  EXPECT_EQ(planned.err.rfind("Plan:", 0), 0U) << planned.err;
  EXPECT_FALSE(fs::exists(file("log")));
}

TEST_F(JayBench, FailedProgramIsReportedAndTheOthersGoOn) {
  program("fib", prints("jay", "ns_per_task", "1"));
  program("peers/tbb/fib", "echo 'wrong result: fib' >&2; exit 1");
  const outcome ran = run({"fib", "--workers", "2", "--repeat", "2", "--out", file("r.json").string()});
  EXPECT_EQ(ran.status, 1);
  EXPECT_NE(ran.err.find("wrong result: fib"), std::string::npos) << ran.err;
  const json all = results();
  EXPECT_EQ(row(all, "jay", "ns_per_task").at("samples").size(), 2U);
  ASSERT_EQ(all.at("failures").size(), 1U);
  EXPECT_EQ(all.at("failures")[0].at("runtime"), "tbb");
  EXPECT_NE(all.at("failures")[0].at("reason").get<std::string>().find("status 1"), std::string::npos);
}

TEST_F(JayBench, ProgramThatPrintsNoResultLineHasFailed) {
  program("fib", "echo fine");
  const outcome ran = run({"fib", "--workers", "2", "--repeat", "1"});
  EXPECT_EQ(ran.status, 1);
  EXPECT_NE(ran.err.find("'fine', which is not a result line"), std::string::npos) << ran.err;
}

TEST_F(JayBench, ProgramThatDiesHasFailed) {
  program("fib", "kill -SEGV $$");
  const outcome ran = run({"fib", "--workers", "2", "--repeat", "1"});
  EXPECT_EQ(ran.status, 1);
  EXPECT_NE(ran.err.find("signal 11"), std::string::npos) << ran.err;
}

TEST_F(JayBench, ProgramThatHangsIsEndedAtTheTimeLimit) {
  program("fib", "echo $$ > $FOLDER/pid; exec sleep 600");
  const outcome ran = run({"fib", "--workers", "2", "--repeat", "1", "--time-limit", "0.5"});
  EXPECT_EQ(ran.status, 1);
  EXPECT_NE(ran.err.find("is not done after"), std::string::npos) << ran.err;
  EXPECT_NE(kill(std::stoi(text_of(file("pid"))), 0), 0);
}

TEST_F(JayBench, CtrlCKeepsWhatWasMeasuredAndEndsTheProgram) {
  program("fib", prints("jay", "ns_per_task", "1"));
  program("skynet", "echo $$ > $FOLDER/pid.new; mv $FOLDER/pid.new $FOLDER/pid; exec sleep 600");
  const pid_t child = start({"run", "--bin", bin().string(), "fib", "skynet", "--workers", "1", "--repeat", "1",
                             "--out", file("r.json").string()});
  while (!fs::exists(file("pid"))) sched_yield();
  kill(child, SIGINT);
  const outcome ran = finish(child);
  EXPECT_EQ(ran.status, 130);
  EXPECT_EQ(row(results(), "jay", "ns_per_task").at("samples"), json({1}));
  EXPECT_NE(kill(std::stoi(text_of(file("pid"))), 0), 0);
}

// A server that obeys its input; $CPU and $LEAVES are printed at "stop".
const char* const fake_server = R"(
echo PORT 4321
while read command; do
  echo "$command" >> $FOLDER/commands
  if [ "$command" = start ]; then
    echo STARTED
  else
    printf '{"bench":"x","runtime":"jay","workers":%s,"metric":"leaves_per_s","unit":"1/s","better":"higher","value":%s}\n' $2 $(sed -n "$(grep -c stop $FOLDER/commands)p" $FOLDER/leaves)
    for metric in cpu wall peak_rss; do printf '{"bench":"x","runtime":"jay","workers":%s,"metric":"%s","unit":"ms","better":"lower","value":30}\n' $2 $metric; done
    echo STOPPED
  fi
done
)";

const char* const fake_load = R"(
echo "$*" > $FOLDER/load
printf '{"bench":"x","runtime":"load","workers":1,"metric":"answered","unit":"","better":"higher","value":10000}\n'
for metric in p50 p99 p999 max; do printf '{"bench":"x","runtime":"load","workers":1,"metric":"%s","unit":"us","better":"lower","value":50}\n' $metric; done
)";

TEST_F(JayBench, EchoIsLoadedAndItsCostIsPerRequest) {
  program("echo", fake_server);
  program("loadgen", fake_load);
  std::ofstream(file("leaves")) << "1\n2\n3\n4\n";
  const outcome ran = run({"echo_64", "--quick", "--workers", "2", "--repeat", "1", "--out", file("r.json").string()});
  EXPECT_EQ(ran.status, 0) << ran.err;
  const json all = results();
  EXPECT_EQ(row(all, "jay", "p99").at("bench"), "echo_64");
  EXPECT_EQ(row(all, "jay", "p99").at("median"), 50);
  EXPECT_EQ(row(all, "jay", "cpu_per_req").at("median"), 3);  // 30 ms for 10,000 requests, in us
  EXPECT_EQ(text_of(file("load")), "--port 4321 --connections 64 --seconds 0.5\n");
}

TEST_F(JayBench, MixedIsMeasuredAloneAndUnderLoad) {
  program("mixed", fake_server);
  program("loadgen", fake_load);
  std::ofstream(file("leaves")) << "9\n9\n9\n300\n300\n500\n";  // three windows each, the warm-up's first
  const outcome ran =
      run({"mixed_fine", "--quick", "--workers", "1,2", "--repeat", "1", "--out", file("r.json").string()});
  EXPECT_EQ(ran.status, 0) << ran.err;
  const json all = results();
  EXPECT_EQ(row(all, "jay", "leaves_per_s_alone").at("samples"), json({400}));
  EXPECT_EQ(row(all, "jay", "leaves_per_s").at("samples"), json({300}));
  EXPECT_EQ(row(all, "jay", "leaves_kept").at("samples"), json({75}));
  EXPECT_EQ(row(all, "jay", "p99").at("workers"), 2);  // asked with all workers only
  EXPECT_NE(text_of(file("load")).find("--rate 2000"), std::string::npos);
}

TEST_F(JayBench, UnknownWordsAreAnsweredWithANearOne) {
  program("fib", prints("jay", "ns_per_task", "1"));
  program("peers/tbb/fib", prints("tbb", "ns_per_task", "1"));
  const outcome name = run({"skynte"});
  EXPECT_EQ(name.status, 2);
  EXPECT_NE(name.err.find("did you mean 'skynet'"), std::string::npos) << name.err;
  const outcome peer = run({"fib", "--peers", "tbbb"});
  EXPECT_EQ(peer.status, 2);
  EXPECT_NE(peer.err.find("did you mean 'tbb'"), std::string::npos) << peer.err;
}

TEST_F(JayBench, UnknownCommandsAndOptionsAreAnsweredWithANearOne) {
  const outcome command = bench({"rn"});
  EXPECT_EQ(command.status, 2);
  EXPECT_EQ(command.err, "jay bench: unknown command 'rn'; did you mean 'run'?\n'jay bench --help' shows what there is\n");
  const outcome option = bench({"run", "--ou", "x"});
  EXPECT_EQ(option.status, 2);
  EXPECT_NE(option.err.find("unknown option '--ou'; did you mean '--out'?"), std::string::npos) << option.err;
  EXPECT_EQ(bench({}).status, 2);
}

TEST_F(JayBench, EachQuestionIsDeclaredOnceAndHasItsProgram) {
  std::istringstream lines(bench({"run", "--list"}).out);
  std::vector<std::string> names;
  for (std::string line; std::getline(lines, line);) names.push_back(line.substr(0, line.find(' ')));
  EXPECT_GT(names.size(), 20U);
  std::vector<std::string> unique = names;
  std::sort(unique.begin(), unique.end());
  EXPECT_EQ(std::unique(unique.begin(), unique.end()), unique.end());
  for (const std::string& name : names) {
    bool found = false;
    for (std::size_t end = name.size(); end != std::string::npos && end > 0; end = name.rfind('_', end - 1))
      found = found || fs::exists(fs::path(JAY_SOURCE_DIR) / "bench" / (name.substr(0, end) + ".cpp"));
    EXPECT_TRUE(found) << name;
  }
}

TEST_F(JayBench, AFullDiskIsTold) {
  save("a.json", {100, 101});
  const std::string line = "'" JAY_COMMAND "' bench report '" + file("a.json").string() + "' >/dev/full 2>'" +
                           file("err").string() + "'";
  EXPECT_EQ(WEXITSTATUS(std::system(line.c_str())), 1);
  EXPECT_EQ(text_of(file("err")), "jay: write to standard output: No space left on device\n");
}

TEST_F(JayBench, FolderWithoutProgramsIsWrongUsage) {
  const outcome ran = run({"fib"});
  EXPECT_EQ(ran.status, 2);
  EXPECT_NE(ran.err.find("no benchmark programs"), std::string::npos) << ran.err;
}

TEST_F(JayBench, WrongNumbersAreWrongUsage) {
  program("fib", prints("jay", "ns_per_task", "1"));
  EXPECT_EQ(run({"fib", "--repeat", "0"}).status, 2);
  EXPECT_EQ(run({"fib", "--workers", "0"}).status, 2);
  EXPECT_EQ(run({"fib", "--workers", "two"}).status, 2);
}

TEST_F(JayBench, CompareCallsOverlappingRangesNoise) {
  save("a.json", {100, 110, 120});
  save("b.json", {118, 130, 140});
  const outcome compared = bench({"compare", file("a.json").string(), file("b.json").string(), "--fail", "5%"});
  EXPECT_EQ(compared.status, 0);
  EXPECT_NE(compared.out.find("+18.2 %  noise"), std::string::npos) << compared.out;
}

TEST_F(JayBench, CompareExitsWith3BeyondTheLimit) {
  save("a.json", {100, 101, 102});
  save("b.json", {110, 111, 112});
  const std::string a = file("a.json").string(), b = file("b.json").string();
  const outcome worse = bench({"compare", a, b, "--fail", "5%"});
  EXPECT_EQ(worse.status, 3);
  EXPECT_NE(worse.out.find("worse  <-- beyond the limit"), std::string::npos) << worse.out;
  EXPECT_EQ(bench({"compare", a, b, "--fail", "20 %"}).status, 0);
  EXPECT_EQ(bench({"compare", a, b}).status, 0);
  const outcome better = bench({"compare", b, a, "--fail", "0"});
  EXPECT_EQ(better.status, 0);
  EXPECT_NE(better.out.find("better"), std::string::npos) << better.out;
}

TEST_F(JayBench, CompareKnowsWhereHigherIsBetter) {
  save("a.json", {100, 101, 102}, "higher");
  save("b.json", {80, 81, 82}, "higher");
  EXPECT_EQ(bench({"compare", file("a.json").string(), file("b.json").string(), "--fail", "5"}).status, 3);
}

TEST_F(JayBench, CompareFailsWhereARowIsGone) {
  save("a.json", {100});
  save("b.json", {100}, "lower", "tbb");
  const std::string a = file("a.json").string(), b = file("b.json").string();
  EXPECT_EQ(bench({"compare", a, b}).status, 0);
  EXPECT_EQ(bench({"compare", a, b, "--fail", "5%"}).status, 3);
}

TEST_F(JayBench, CompareGivesJson) {
  save("a.json", {100});
  save("b.json", {200});
  const outcome compared = bench({"compare", file("a.json").string(), file("b.json").string(), "--json"});
  const json rows = json::parse(compared.out);
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].at("verdict"), "worse");
  EXPECT_DOUBLE_EQ(rows[0].at("percent").get<double>(), 100);
}

TEST_F(JayBench, UnreadableResultsAreNamed) {
  const outcome missing = bench({"report", file("none.json").string()});
  EXPECT_EQ(missing.status, 1);
  EXPECT_NE(missing.err.find("none.json: No such file"), std::string::npos) << missing.err;
  std::ofstream(file("broken.json")) << "{\"rows\": [{}]}";
  const outcome broken = bench({"compare", file("broken.json").string(), file("broken.json").string()});
  EXPECT_EQ(broken.status, 1);
  EXPECT_NE(broken.err.find("not a results file"), std::string::npos) << broken.err;
  EXPECT_EQ(bench({"compare", "a", "b", "--fail", "much"}).status, 2);
}

TEST_F(JayBench, ReportIsOneFileThatFetchesNothing) {
  program("fib", prints("jay", "ns_per_task", "11.5"));
  program("peers/tbb/fib", prints("tbb", "ns_per_task", "57.5"));
  run({"fib", "--workers", "1,2", "--repeat", "2", "--out", file("r.json").string()});
  const outcome made = bench({"report", file("r.json").string(), "-o", file("r.html").string()});
  EXPECT_EQ(made.status, 0) << made.err;
  const std::string page = text_of(file("r.html"));
  EXPECT_EQ(page.rfind("<!doctype html>", 0), 0U);
  for (const char* wanted :
       {"<svg", "jay: median 11.5 ns", "57.5 ns", "5.00 x worse", "prefers-color-scheme: dark", "Scaling"})
    EXPECT_NE(page.find(wanted), std::string::npos) << wanted;
  for (const char* fetched : {"http:", "https:", "<script", "@import", "url("})
    EXPECT_EQ(page.find(fetched), std::string::npos) << fetched;
}

TEST_F(JayBench, ReportEscapesWhatItIsGiven) {
  save("a.json", {100, 101});
  const outcome made = bench({"report", file("a.json").string()});
  EXPECT_NE(made.out.find("A &lt;fast&gt; one"), std::string::npos);
  EXPECT_EQ(made.out.find("<fast>"), std::string::npos);
}

TEST_F(JayBench, MarkdownHasATableForEachQuestion) {
  save("a.json", {100, 110, 120});
  const outcome made = bench({"report", file("a.json").string(), "--markdown"});
  EXPECT_EQ(made.status, 0) << made.err;
  EXPECT_NE(made.out.find("| **jay** | 110 ns (9.1 %) |"), std::string::npos) << made.out;
}

TEST_F(JayBench, APlotShowsEverybodyBesideJay) {
  program("fib", prints("jay", "ns_per_task", "10"));
  program("peers/tbb/fib", prints("tbb", "ns_per_task", "25"));
  program("peers/slow/fib", prints("slow", "ns_per_task", "700"));
  program("skynet", prints("jay", "ns_per_task", "10"));
  run({"fib", "skynet", "--workers", "2", "--repeat", "2", "--peers", "all", "--out", file("r.json").string()});
  const std::string results = file("r.json").string();
  const outcome made = bench({"report", results, "--plot"});
  EXPECT_EQ(made.status, 0) << made.err;
  EXPECT_EQ(made.out.rfind("<svg xmlns=\"http://www.w3.org/2000/svg\"", 0), 0U);
  for (const char* wanted : {"fork-join: fib (time per task)", "10.0 ns, 1.00 x", "25.0 ns, 2.50 x", "700 ns (70 x)"})
    EXPECT_NE(made.out.find(wanted), std::string::npos) << wanted << made.out;
  EXPECT_EQ(made.out.find("skynet"), std::string::npos) << "jay stands alone there";
  const outcome alone = bench({"report", results, "--plot", "--only", "skynet"});
  EXPECT_EQ(alone.status, 1);
  EXPECT_NE(alone.err.find("nothing to plot"), std::string::npos) << alone.err;
  const outcome unknown = bench({"report", results, "--plot", "--only", "skynt"});
  EXPECT_EQ(unknown.status, 2);
  EXPECT_NE(unknown.err.find("did you mean 'skynet'"), std::string::npos) << unknown.err;
  EXPECT_EQ(bench({"report", results, "--only", "fib"}).status, 2);
}

TEST_F(JayBench, HelpTellsTheExitCodes) {
  for (const char* command : {"run", "compare", "report"}) {
    const outcome help = bench({command, "--help"});
    EXPECT_EQ(help.status, 0);
    EXPECT_NE(help.out.find("Exit codes"), std::string::npos) << command;
    EXPECT_NE(help.out.find("Example"), std::string::npos) << command;
  }
}

}  // namespace
