#include "compiler/data/outputs.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <utility>

#include "compiler/base/error.hpp"
#include "compiler/base/file.hpp"

namespace spikeloom {
namespace {

constexpr std::array<std::pair<std::string_view, Decide>, 4> kDecideNames{
    {{"count", Decide::kCount}, {"max", Decide::kMax}, {"last", Decide::kLast}, {"sum", Decide::kSum}}};

template <class T>
std::vector<std::int64_t> scores(const Trace<T>& output, std::size_t sample, Decide rule) {
  const std::vector<T>& values = output.samples[sample];
  const std::size_t steps = output.steps(sample);
  std::vector<std::int64_t> result(output.neurons, 0);
  for (std::size_t n = 0; n < output.neurons; ++n) {
    const auto at = [&](std::size_t t) { return std::int64_t{values[t * output.neurons + n]}; };
    switch (rule) {
      case Decide::kCount:
      case Decide::kSum:
        for (std::size_t t = 0; t < steps; ++t) result[n] += at(t);
        break;
      case Decide::kMax:
        result[n] = at(0);
        for (std::size_t t = 1; t < steps; ++t) result[n] = std::max(result[n], at(t));
        break;
      case Decide::kLast:
        result[n] = at(steps - 1);
        break;
    }
  }
  return result;
}

template <class T>
Decision decide_any(const Trace<T>& output, Decide rule) {
  Decision decision;
  if (output.neurons == 0) throw input_error("output '" + output.node + "' has no neuron to decide by");
  for (std::size_t s = 0; s < output.samples.size(); ++s) {
    if (output.steps(s) == 0) throw input_error("sample " + std::to_string(s) + " has no step to decide by");
    const std::vector<std::int64_t> score = scores(output, s, rule);
    const auto best = std::max_element(score.begin(), score.end());
    decision.predictions.push_back(best - score.begin());
    if (std::count(score.begin(), score.end(), *best) > 1) decision.tied.push_back(s);
  }
  return decision;
}

/// The lowest index of the largest score, after every step.
template <class T>
std::vector<std::vector<std::int64_t>> decide_steps_any(const Trace<T>& output, Decide rule) {
  if (output.neurons == 0) throw input_error("output '" + output.node + "' has no neuron to decide by");
  std::vector<std::vector<std::int64_t>> all;
  for (std::size_t s = 0; s < output.samples.size(); ++s) {
    std::vector<std::int64_t> score(output.neurons, 0), decisions;
    for (std::size_t t = 0; t < output.steps(s); ++t) {
      for (std::size_t n = 0; n < output.neurons; ++n) {
        const std::int64_t value = output.samples[s][t * output.neurons + n];
        const bool is_sum = rule == Decide::kCount || rule == Decide::kSum;
        if (is_sum) score[n] += value;
        if (rule == Decide::kLast || (rule == Decide::kMax && t == 0)) score[n] = value;
        if (rule == Decide::kMax) score[n] = std::max(score[n], value);
      }
      decisions.push_back(std::max_element(score.begin(), score.end()) - score.begin());
    }
    all.push_back(std::move(decisions));
  }
  return all;
}

/// (N, T); -1 behind a sample's last step.
Array padded(const std::vector<std::vector<std::int64_t>>& rows, std::size_t steps) {
  std::vector<std::int64_t> values(rows.size() * steps, -1);
  for (std::size_t s = 0; s < rows.size(); ++s)
    std::copy(rows[s].begin(), rows[s].end(), values.begin() + static_cast<std::ptrdiff_t>(s * steps));
  return Array::of_i8({rows.size(), steps}, values);
}

Array padded(const SpikeTrace& trace, std::size_t samples, std::size_t steps) {
  std::vector<std::uint8_t> values(samples * steps * trace.neurons, 0);
  for (std::size_t s = 0; s < trace.samples.size(); ++s) {
    std::copy(trace.samples[s].begin(), trace.samples[s].end(),
              values.begin() + static_cast<std::ptrdiff_t>(s * steps * trace.neurons));
  }
  return Array::of_bytes({samples, steps, trace.neurons}, std::move(values));
}

Array padded(const PotentialTrace& trace, std::size_t samples, std::size_t steps) {
  std::vector<std::int32_t> values(samples * steps * trace.neurons, 0);
  for (std::size_t s = 0; s < trace.samples.size(); ++s) {
    std::copy(trace.samples[s].begin(), trace.samples[s].end(),
              values.begin() + static_cast<std::ptrdiff_t>(s * steps * trace.neurons));
  }
  return Array::of_i4({samples, steps, trace.neurons}, values);
}

void refuse_count(const PotentialTrace& output, Decide rule) {
  if (rule == Decide::kCount) {
    throw input_error("output '" + output.node +
                      "' gives potentials, which cannot be counted; expected max, last or sum");
  }
}

/// Steps of every sample; all traces of a run have the same.
class Lengths {
 public:
  template <class T>
  void take(const std::vector<Trace<T>>& traces) {
    for (const Trace<T>& trace : traces) {
      std::vector<std::int32_t> steps;
      for (std::size_t s = 0; s < trace.samples.size(); ++s) {
        if (trace.neurons == 0 || trace.samples[s].size() % trace.neurons != 0)
          throw input_error("output '" + trace.node + "': sample " + std::to_string(s) + " has " +
                            std::to_string(trace.samples[s].size()) + " values, expected a multiple of its " +
                            std::to_string(trace.neurons) + " neurons");
        steps.push_back(static_cast<std::int32_t>(trace.steps(s)));
      }
      if (known_ && steps != steps_)
        throw input_error("output '" + trace.node +
                          "': other samples or steps than the outputs before it; expected the same");
      steps_ = std::move(steps);
      known_ = true;
    }
  }
  [[nodiscard]] const std::vector<std::int32_t>& steps() const { return steps_; }
  [[nodiscard]] std::size_t longest() const {
    return steps_.empty() ? 0 : static_cast<std::size_t>(*std::max_element(steps_.begin(), steps_.end()));
  }

 private:
  bool known_ = false;
  std::vector<std::int32_t> steps_;
};

std::map<std::string, Array> arrays_of(const std::filesystem::path& path) {
  if (path.extension() == ".npy") {
    try {
      return {{"array", parse_npy(read_file(path))}};
    } catch (const Error& error) {
      const std::string text = error.what();
      if (text.starts_with(path.string())) throw;
      throw error.within(path.string());
    }
  }
  const NpzReader file(path);
  std::map<std::string, Array> arrays;
  for (const std::string& name : file.names()) arrays[name] = file.read(name);
  return arrays;
}

bool equal(const Array& a, const Array& b, std::size_t at) {
  if (a.is_text() || b.is_text()) return a.is_text() && b.is_text() && a.text(at) == b.text(at);
  if (!a.is_real() && !b.is_real() && a.type() != ElementType::kU8 && b.type() != ElementType::kU8) {
    return a.integer(at) == b.integer(at);  // exact beyond 2^53
  }
  if (a.type() == ElementType::kU8 && b.type() == ElementType::kU8) return a.print(at) == b.print(at);
  const double x = a.real(at);
  const double y = b.real(at);
  return x == y || (x != x && y != y);
}

/// "sample 3, step 12, neuron 5" for the traces of a run, plain indices for other arrays.
std::string place(const std::string& name, const std::vector<std::size_t>& shape, std::size_t at) {
  std::vector<std::size_t> index(shape.size());
  for (std::size_t d = shape.size(); d-- > 0;) {
    index[d] = at % shape[d];
    at /= shape[d];
  }
  const bool trace = shape.size() == 3 &&
                     (name.starts_with("spikes") || name.starts_with("potential.") || name.starts_with("v:"));
  if (trace) {
    return "sample " + std::to_string(index[0]) + ", step " + std::to_string(index[1]) + ", neuron " +
           std::to_string(index[2]);
  }
  if (shape.empty()) return "the value";
  if (shape.size() == 1) return "sample " + std::to_string(index[0]);
  if (shape.size() == 2 && name.starts_with("counts")) {
    return "sample " + std::to_string(index[0]) + ", neuron " + std::to_string(index[1]);
  }
  return "index " + print_shape(index);
}

/// A line for one array that differs, or nothing.
std::string difference(const std::string& name, const Array& a, const Array& b) {
  if (a.shape() != b.shape())
    return name + ": shapes differ, " + print_shape(a.shape()) + " and " + print_shape(b.shape()) + "\n";
  std::size_t count = 0;
  std::size_t first = 0;
  for (std::size_t i = a.size(); i-- > 0;) {
    if (equal(a, b, i)) continue;
    first = i;
    ++count;
  }
  if (count == 0) return {};
  return name + ": first difference at " + place(name, a.shape(), first) + ": " + a.print(first) + " and " +
         b.print(first) + "; " + std::to_string(count) + " of " + std::to_string(a.size()) +
         " values differ\n";
}

}  // namespace

std::string_view name_of(Decide rule) {
  for (const auto& [name, value] : kDecideNames) {
    if (value == rule) return name;
  }
  internal_error("a decision rule without a name", __FILE__, __LINE__);
}

Decide decide_named(std::string_view name) {
  for (const auto& [known, value] : kDecideNames) {
    if (known == name) return value;
  }
  throw input_error("unknown decision '" + std::string(name) + "', expected count, max, last or sum");
}

Decision decide(const SpikeTrace& output, Decide rule) { return decide_any(output, rule); }

Decision decide(const PotentialTrace& output, Decide rule) {
  refuse_count(output, rule);
  return decide_any(output, rule);
}

std::vector<std::vector<std::int64_t>> decide_steps(const SpikeTrace& output, Decide rule) {
  return decide_steps_any(output, rule);
}

std::vector<std::vector<std::int64_t>> decide_steps(const PotentialTrace& output, Decide rule) {
  refuse_count(output, rule);
  return decide_steps_any(output, rule);
}

std::vector<std::int32_t> spike_counts(const SpikeTrace& output) {
  std::vector<std::int32_t> counts;
  for (std::size_t s = 0; s < output.samples.size(); ++s) {
    for (const std::int64_t count : scores(output, s, Decide::kCount))
      counts.push_back(static_cast<std::int32_t>(count));
  }
  return counts;
}

NamedArrays output_arrays(const RunOutputs& outputs) {
  Lengths lengths;
  lengths.take(outputs.spikes);
  lengths.take(outputs.potentials);
  lengths.take(outputs.recorded_spikes);
  lengths.take(outputs.recorded_v);
  const std::size_t samples = lengths.steps().size();
  const std::size_t steps = lengths.longest();
  NamedArrays arrays;
  for (const SpikeTrace& trace : outputs.spikes)
    arrays.emplace_back("spikes." + trace.node, padded(trace, samples, steps));
  for (const PotentialTrace& trace : outputs.potentials)
    arrays.emplace_back("potential." + trace.node, padded(trace, samples, steps));
  for (const SpikeTrace& trace : outputs.spikes) {
    arrays.emplace_back(outputs.spikes.size() == 1 ? "counts" : "counts." + trace.node,
                        Array::of_i4({samples, trace.neurons}, spike_counts(trace)));
  }
  if (outputs.decision)
    arrays.emplace_back("predictions", Array::of_i8({samples}, outputs.decision->predictions));
  if (outputs.decision && !outputs.decision->by_step.empty())
    arrays.emplace_back("step_predictions", padded(outputs.decision->by_step, steps));
  for (const SpikeTrace& trace : outputs.recorded_spikes)
    arrays.emplace_back("spikes:" + trace.node, padded(trace, samples, steps));
  for (const PotentialTrace& trace : outputs.recorded_v)
    arrays.emplace_back("v:" + trace.node, padded(trace, samples, steps));
  arrays.emplace_back("steps", Array::of_i4({samples}, lengths.steps()));
  const bool labelled =
      !outputs.labels.empty() && std::all_of(outputs.labels.begin(), outputs.labels.end(),
                                             [](const auto& label) { return label.has_value(); });
  if (labelled) {
    std::vector<std::int64_t> labels;
    for (const auto& label : outputs.labels) labels.push_back(*label);
    arrays.emplace_back("labels", Array::of_i8({samples}, labels));
  }
  if (!outputs.ids.empty()) arrays.emplace_back("ids", Array::of_texts(outputs.ids));
  return arrays;
}

void write_outputs(const std::filesystem::path& path, const RunOutputs& outputs) {
  write_npz(path, output_arrays(outputs));
}

Comparison compare(const std::filesystem::path& a, const std::filesystem::path& b) {
  const std::map<std::string, Array> left = arrays_of(a);
  const std::map<std::string, Array> right = arrays_of(b);
  std::set<std::string> names;
  for (const auto& [name, array] : left) names.insert(name);
  for (const auto& [name, array] : right) names.insert(name);
  std::string differences;
  for (const std::string& name : names) {
    const auto x = left.find(name);
    const auto y = right.find(name);
    if (x == left.end() || y == right.end()) {
      differences += name + ": only in " + (y == right.end() ? a : b).string() + "\n";
    } else {
      differences += difference(name, x->second, y->second);
    }
  }
  if (!differences.empty()) return {.same = false, .text = differences};
  return {.same = true,
          .text = std::to_string(names.size()) +
                  (names.size() == 1 ? " array is equal\n" : " arrays are equal\n")};
}

}  // namespace spikeloom
