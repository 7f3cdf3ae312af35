// Dataflow graphs by themselves (SDF and CSDF): periods with proofs, room in channels, schedules, forms.
// docs/dataflow.md says what the words mean. Times are whole cycles; a period is cycles an iteration.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <spikeloom/export.hpp>
#include <spikeloom/ratio.hpp>

// Not exported: what the handle below owns.
namespace spikeloom::sdf {
class PhasedGraph;
}  // namespace spikeloom::sdf

namespace SPIKELOOM_API spikeloom {

enum class PhaseOverlap {
  kNever,   ///< an actor goes from phase to phase, and none begins before the last one ends
  kByData,  ///< phases wait for the tokens that they read and for nothing else, as in Kiter
};

struct GraphOptions {
  std::optional<std::string> application{};  ///< SDF3: name of the application graph; default: the first
  std::optional<std::string>
      processor_type{};  ///< SDF3: whose execution times; default: see docs/dataflow.md
  PhaseOverlap phase_overlap = PhaseOverlap::kNever;
};

/// An immutable value, cheap to copy.
class DataflowGraph {
 public:
  /// By extension: .xml SDF3, .json, .sdf text. Throws Error{kInput} naming the file.
  [[nodiscard]] static DataflowGraph read(const std::string& path, const GraphOptions& options = {});
  /// The same from text; `form` is "xml", "json" or "sdf", `name` stands in messages (and names an .sdf
  /// graph).
  [[nodiscard]] static DataflowGraph parse(const std::string& text, const std::string& form,
                                           const std::string& name, const GraphOptions& options = {});

  [[nodiscard]] const std::string& name() const;
  [[nodiscard]] std::vector<std::string> actors() const;
  [[nodiscard]] std::size_t channels() const;
  /// What a reader of the results should know: what was chosen in the file, what it says and is not used, and
  /// where other tools take the same graph for another.
  [[nodiscard]] const std::vector<std::string>& notes() const { return notes_; }
  /// The graph as "xml" (SDF3), "json", "sdf" or "dot" (Graphviz). Throws Error{kInput} for another form, and
  /// for phases in "sdf".
  [[nodiscard]] std::string text(const std::string& form) const;

  explicit DataflowGraph(std::shared_ptr<const sdf::PhasedGraph> graph, std::vector<std::string> notes = {})
      : graph_(std::move(graph)), notes_(std::move(notes)) {}
  /// What Spikeloom itself works with; of no use outside.
  [[nodiscard]] const sdf::PhasedGraph& value() const { return *graph_; }

 private:
  std::shared_ptr<const sdf::PhasedGraph> graph_;
  std::vector<std::string> notes_;
};

enum class Proof {
  kNone,
  kWanted,  ///< by the method "expansion" alone
};

struct AnalyzeOptions {
  std::optional<std::string> method{};  ///< expansion, k-periodic, matrix, self-timed; default: what suits
  Proof proof = Proof::kNone;
};

struct DataflowAnalysis {
  std::string graph;
  std::size_t actors = 0, channels = 0;
  std::vector<std::pair<std::string, std::int64_t>> firings;  ///< of an iteration, by actor
  std::optional<Ratio> period;                                ///< none: the graph is stuck for ever
  std::string critical_cycle;  ///< that holds the period, or on which it is stuck; "none": nothing bounds it
  std::string method;
  std::vector<std::string> notes;          ///< the graph's, and methods that did not answer
  std::optional<std::string> certificate;  ///< JSON text, for verify_certificate
  double seconds = 0;
};

/// The exact period. Throws Error{kInput} for rates that contradict one another, and where the method asked
/// for does not apply. Without one, what one method refuses another answers if it can, and `notes` says so.
[[nodiscard]] DataflowAnalysis analyze(const DataflowGraph& graph, const AnalyzeOptions& options = {});

struct ExecutionChange {
  std::string actor;
  std::size_t phase = 0, phases = 1;
  Ratio longer;                       ///< the period with one more cycle
  std::optional<Ratio> shorter;       ///< with one less; none at 0
  std::optional<std::int64_t> slack;  ///< cycles it may grow and the period stays; none: without end
};
struct TokenChange {
  std::string channel;
  Ratio more;                  ///< the period with one more token
  std::optional<Ratio> fewer;  ///< with one less; none: stuck, or there is none
  std::int64_t spare = 0;      ///< tokens that may be taken away and the period stays
};
struct DataflowSensitivity {
  std::vector<ExecutionChange> executions;
  std::vector<TokenChange> tokens;
};
/// What each change alone does to the period. Throws Error{kInput} for a graph that is stuck.
[[nodiscard]] DataflowSensitivity sensitivity(const DataflowGraph& graph);

struct DataflowLatency {
  std::string from, to;
  std::int64_t iterations = 0;
  std::int64_t longest = 0;              ///< cycles, first start to last end of an iteration
  std::int64_t iteration = 0;            ///< the first that has it
  std::int64_t finished = 0;             ///< cycle in which the last iteration is done
  std::optional<std::int64_t> long_run;  ///< over all iterations; none where it does not settle
};
/// Self-timed, over 1 to 100,000 iterations. Throws Error{kInput} for an actor that the graph does not have.
[[nodiscard]] DataflowLatency latency(const DataflowGraph& graph, const std::string& from,
                                      const std::string& to, std::int64_t iterations = 3);

struct CertificateCheck {
  Ratio period;
  std::vector<std::string> faults;  ///< empty: the period holds, and no smaller one does
};
/// Checks the file that holds DataflowAnalysis::certificate against the graph, by code that shares nothing
/// with the solver. Throws Error{kInput} for a file that is no certificate of this graph.
[[nodiscard]] CertificateCheck verify_certificate(const DataflowGraph& graph, const std::string& path);

struct ChannelRoom {
  std::string channel, from, to;
  std::int64_t capacity = 0;  ///< tokens
};
struct RoomChoice {
  std::int64_t size = 0;           ///< tokens of all channels together
  Ratio period;                    ///< that they keep
  std::vector<ChannelRoom> rooms;  ///< channels between two actors
};
struct DataflowBuffers {
  std::string graph;
  std::optional<std::string> wanted;  ///< the period asked for
  std::vector<RoomChoice> choices;    ///< growing size, falling period; empty: not reached
  std::vector<std::string> notes;     ///< the graph's
  std::string stuck;                  ///< the cycle on which it is stuck however much room there is
  double seconds = 0;                 ///< of processor time
};
/// The least room that keeps a period, or without one the whole front of room and period, exact.
[[nodiscard]] DataflowBuffers buffers(const DataflowGraph& graph, const std::optional<Ratio>& period = {});

enum class Chart { kNone, kSvg };

struct ScheduleOptions {
  std::size_t processors = 0;  ///< actors are shared out by their work, at most 999,999; 0: own
  std::map<std::string, std::size_t> binding{};  ///< actor to processor, instead; others have their own
  std::int64_t iterations = 3;                   ///< that are shown, 1 to 1000
  Chart chart = Chart::kNone;
};

/// {"actor": processor} from a JSON file. Throws Error{kInput} that lists what does not fit the graph.
[[nodiscard]] std::map<std::string, std::size_t> read_processors(const DataflowGraph& graph,
                                                                 const std::string& path);

struct ScheduledFiring {
  std::string actor;
  std::int64_t firing = 0;
  std::string label;                   ///< of both
  std::vector<std::int64_t> starts{};  ///< by iteration, self-timed; empty in orders
};
struct LongRun {
  std::int64_t transient = 0;  ///< from this iteration on every start repeats
  std::int64_t length = 1;     ///< after so many iterations
  std::int64_t advance = 0;    ///< so many cycles later
};
struct StrictlyPeriodic {
  Ratio period;
  std::vector<std::pair<std::string, std::vector<Ratio>>> starts;  ///< by actor, of its phases
};
struct DataflowSchedule {
  std::string graph;
  std::vector<std::string> notes;                     ///< the graph's, and why there is no strict period
  Ratio period;                                       ///< on the processors
  Ratio unbound_period;                               ///< without them
  std::string critical_cycle;                         ///< "none": nothing bounds it
  std::vector<std::vector<ScheduledFiring>> orders;   ///< by processor, repeated for ever
  std::vector<ScheduledFiring> firings;               ///< of an iteration, with their starts
  std::optional<LongRun> long_run;                    ///< none: not found
  std::optional<StrictlyPeriodic> strictly_periodic;  ///< without the processors' orders
  std::string svg;                                    ///< with Chart::kSvg
};
struct DataflowDeadlock {
  std::string cycle;
};
/// Start times, static orders by list scheduling and the exact period with them, proved. Throws Error{kInput}
/// that lists options out of their ranges and actors that the graph does not have.
[[nodiscard]] std::variant<DataflowSchedule, DataflowDeadlock> schedule(const DataflowGraph& graph,
                                                                        const ScheduleOptions& options = {});

/// What the commands print and write (schema 1; exact numbers as texts).
[[nodiscard]] std::string to_text(const DataflowAnalysis& analysis);
[[nodiscard]] std::string to_text(const DataflowSensitivity& sensitivity);
[[nodiscard]] std::string to_text(const DataflowLatency& latency);
[[nodiscard]] std::string to_text(const DataflowBuffers& buffers);
[[nodiscard]] std::string to_text(const DataflowSchedule& schedule);
[[nodiscard]] std::string to_json(const DataflowAnalysis& analysis, const DataflowSensitivity* sensitivity,
                                  const DataflowLatency* latency);
[[nodiscard]] std::string to_json(const DataflowBuffers& buffers);
[[nodiscard]] std::string to_json(const DataflowSchedule& schedule);

}  // namespace spikeloom
