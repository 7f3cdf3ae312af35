#include "host/run/shared_plan.hpp"

#include <algorithm>
#include <chrono>
#include <set>

#include "compiler/admit/points.hpp"
#include "compiler/base/error.hpp"
#include "compiler/chip_model/model_device.hpp"
#include "compiler/replay/stimulus.hpp"
#include "compiler/schedule/schedule.hpp"
#include "host/run/window.hpp"

namespace spikeloom {
namespace {

/// The chip's own registers see the end of activity a few cycles late.
constexpr std::int64_t kQuietMargin = 8;

struct Replayed {
  DeviceRun run;
  std::int64_t synaptic_operations = 0;
  std::int64_t quiet_from = 0;
};

Replayed replay(const PlannedStay& stay) {
  const std::unique_ptr<ModelLink> model = open_model(stay.image.chip);
  Replayed replayed;
  replayed.run = Session(*model, stay.image, {.window = stay.window}).run(stay.data);
  replayed.synaptic_operations = model->statistics().synaptic_operations;
  replayed.quiet_from = model->quiet_from();
  return replayed;
}

/// The first `steps` steps; a sample that is cut ends there.
Dataset cut(const Dataset& data, std::size_t steps) {
  Dataset part = data;
  part.samples.clear();
  for (const Sample& sample : data.samples) {
    if (steps == 0) break;
    const std::size_t taken = std::min(steps, sample.steps());
    Sample shorter{sample.id, sample.label, {}};
    for (Train train : sample.inputs) {
      train.resize(taken);
      shorter.inputs.push_back(std::move(train));
    }
    shorter.ends_void = sample.ends_void && taken == sample.steps();
    part.samples.push_back(std::move(shorter));
    steps -= taken;
  }
  return part;
}

class Planner {
 public:
  Planner(const std::string& name, Image first, Dataset data, std::uint32_t window) : state_(first.chip) {
    state_.enter(name, first);
    PlannedStay stay;
    stay.name = name;
    stay.image = std::move(first);
    stay.data = std::move(data);
    stay.window = window;
    stay.point = "as compiled";
    Replayed replayed = replay(stay);
    sent_ = replayed.run.sent;
    stay.replay = std::move(replayed.run);
    stay.synaptic_operations = replayed.synaptic_operations;
    plan_.stays.push_back(std::move(stay));
  }

  SharedPlan run(std::vector<Entering> script) {
    std::stable_sort(script.begin(), script.end(),
                     [](const Entering& a, const Entering& b) { return a.step < b.step; });
    check_lines(script);
    for (Entering& line : script) enter(line);
    problems_.throw_if_any("applications");
    return std::move(plan_);
  }

 private:
  [[nodiscard]] std::int64_t steps() const { return static_cast<std::int64_t>(sent_.size()); }
  /// The cycle in which the chip stands before a step of the first application is fed.
  [[nodiscard]] std::int64_t cycle_before(std::int64_t step) const {
    return step == 0 ? 0 : sent_[static_cast<std::size_t>(step - 1)];
  }

  void check_lines(const std::vector<Entering>& script) {
    std::set<std::string> names{plan_.stays.front().name};
    const std::string has = plan_.stays.front().name + " has " + std::to_string(steps()) + " steps";
    for (const Entering& line : script) {
      if (!names.insert(line.name).second)
        problems_.add(line.name + ": two applications of this name; give one another: NAME=FILE@STEP");
      if (line.step < 0 || line.step > steps())
        problems_.add(line.name + " enters before step " + std::to_string(line.step) + ": " + has);
      if (line.release && (*line.release > steps() || *line.release <= line.step))
        problems_.add(line.name + " is released before step " + std::to_string(*line.release) +
                      ": expected a step after " + std::to_string(line.step) + ", in which it enters; " +
                      has);
    }
    problems_.throw_if_any("applications");
  }

  void enter(Entering& line) {
    const std::optional<std::int64_t> step = entry_step(line.step);
    if (!step) {
      problems_.add(
          line.name + " enters before step " + std::to_string(line.step) +
          ": another application's start is still under way at the last step; let it enter earlier");
      return;
    }
    give_back_before(*step);
    if (const auto reason = why_no_points(line.image)) {
      problems_.add(line.name + ": no operating points: " + *reason);
      return;
    }
    if (line.image.points.empty()) line.image.points = operating_points(line.image);
    const auto asked = std::chrono::steady_clock::now();
    const std::variant<Admission, Refusal> answer = admit(state_, line.image);
    const std::chrono::duration<double, std::milli> binding = std::chrono::steady_clock::now() - asked;
    if (const auto* refusal = std::get_if<Refusal>(&answer)) {
      problems_.add(line.name + " has no place before step " + std::to_string(*step) + ": " +
                    refusal->reason + who_is_there(*step));
      return;
    }
    const Admission& admission = std::get<Admission>(answer);
    Resident resident = resident_of(line.name, line.image, admission, "");
    PlannedStay stay;
    stay.name = line.name;
    stay.point = resident.point;
    stay.binding_ms = binding.count();
    stay.wanted = line.step;
    stay.enters = *step;
    stay.origin = first_origin(state_.chip(), cycle_before(*step));
    stay.image = bound(std::move(line.image), admission);
    if (!check(stay.image).empty() || !verify(stay.image, stay.image.promises.front(), {}).empty()) {
      problems_.add(line.name +
                    ": the image's operating points are damaged: bound, it does not keep their promise; "
                    "compile it again");
      return;
    }
    stay.data = std::move(line.data);
    stay.window = line.window;
    try {
      check_window(stay.image, stay.window);
    } catch (const Error& error) {
      problems_.add(stay.name + ": " + error.what());
      return;
    }
    if (predict(stay, line.release)) {
      last_origin_ = stay.origin;
      last_entry_ = stay.enters;
      state_.enter(std::move(resident));
      plan_.stays.push_back(std::move(stay));
    }
  }

  /// Those who hold what is short, and until when.
  [[nodiscard]] std::string who_is_there(std::int64_t step) const {
    std::string text = "; " + plan_.stays.front().name +
                       " runs first and keeps what it was compiled with: --tiles and --slots leave more";
    for (std::size_t i = 1; i < plan_.stays.size(); ++i) {
      const PlannedStay& stay = plan_.stays[i];
      if (stay.gives_back && *stay.gives_back <= step) continue;
      text += "; " + stay.name + " is there " +
              (stay.gives_back
                   ? "until step " + std::to_string(*stay.gives_back) + ": what it sent has landed then"
                   : std::string("to the end"));
    }
    return text;
  }

  /// One start is pending at a time: whoever comes later waits for a step before which it has taken place.
  [[nodiscard]] std::optional<std::int64_t> entry_step(std::int64_t wanted) const {
    for (std::int64_t step = std::max(wanted, last_entry_); step <= steps(); ++step)
      if (step == last_entry_ || cycle_before(step) >= last_origin_) return step;
    return std::nullopt;
  }

  bool predict(PlannedStay& stay, std::optional<std::int64_t> release) {
    Replayed replayed = replay(stay);
    if (release) {
      const std::int64_t end = cycle_before(*release) - stay.origin;
      const auto begun =
          static_cast<std::size_t>(std::upper_bound(replayed.run.sent.begin(), replayed.run.sent.end(), end) -
                                   replayed.run.sent.begin());
      if (begun == 0) {
        problems_.add(stay.name + " is released before step " + std::to_string(*release) + ", in cycle " +
                      std::to_string(cycle_before(*release)) + ", before its first step is sent in cycle " +
                      std::to_string(stay.origin + replayed.run.sent.front()) + "; release it later");
        return false;
      }
      if (begun < stay.data.total_steps()) {
        stay.data = cut(stay.data, begun);
        replayed = replay(stay);
      }
      const std::int64_t quiet = stay.origin + replayed.quiet_from + kQuietMargin;
      for (std::int64_t step = std::max(*release, stay.enters + 1); step <= steps() && !stay.gives_back;
           ++step)
        if (cycle_before(step) >= quiet) stay.gives_back = step;
    }
    stay.replay = std::move(replayed.run);
    stay.synaptic_operations = replayed.synaptic_operations;
    return true;
  }

  void give_back_before(std::int64_t step) {
    for (const PlannedStay& stay : plan_.stays)
      if (stay.gives_back && *stay.gives_back <= step && state_.find(stay.name) != nullptr)
        state_.release(stay.name);
  }

  ChipState state_;
  SharedPlan plan_;
  Problems problems_;
  std::vector<std::int64_t> sent_;  ///< of the first application
  std::int64_t last_origin_ = 0;
  std::int64_t last_entry_ = 0;
};

}  // namespace

std::vector<Stay> SharedPlan::script() const {
  std::vector<Stay> list;
  for (const PlannedStay& stay : stays)
    list.push_back({stay.name, ImageView(stay.image).with_window(stay.window), &stay.data, stay.enters,
                    stay.origin, stay.gives_back});
  return list;
}

SharedPlan plan_shared(const std::string& name, Image first, Dataset data, std::vector<Entering> script,
                       std::uint32_t window) {
  const auto check = [](const std::string& who, const Image& image, const Dataset& given) {
    try {
      require_guarantee(image, image.application.name);
      check_data(image, given);
      if (given.samples.empty())
        throw input_error("input data: no sample, so nothing could be held to a promise");
    } catch (const Error& error) {
      throw error.within(who);
    }
  };
  check(name, first, data);
  check_window(first, window);
  for (const Entering& line : script) check(line.name, line.image, line.data);
  return Planner(name, std::move(first), std::move(data), window).run(std::move(script));
}

std::vector<Image> bound_together(const std::vector<std::string>& names, std::vector<Image> images) {
  SPIKELOOM_CHECK(!images.empty() && names.size() == images.size());
  Problems problems;
  ChipState state(images.front().chip);
  state.enter(names.front(), images.front());
  std::set<std::string> seen{names.front()};
  for (std::size_t i = 1; i < images.size(); ++i) {
    if (!seen.insert(names[i]).second) {
      problems.add(names[i] + ": two applications of this name; give one another");
      continue;
    }
    if (chip_hash(images[i].chip) != chip_hash(images.front().chip)) {
      problems.add(names[i] + ": compiled for the chip " + images[i].chip.name + "; " + names.front() +
                   " runs on " + images.front().chip.name + "; compile one of them again");
      continue;
    }
    if (const auto reason = why_no_points(images[i])) {
      problems.add(names[i] + ": no operating points: " + *reason);
      continue;
    }
    if (images[i].points.empty()) images[i].points = operating_points(images[i]);
    const std::variant<Admission, Refusal> answer = admit(state, images[i]);
    if (const auto* refusal = std::get_if<Refusal>(&answer)) {
      problems.add(names[i] + " has no place: " + refusal->reason + "; " + names.front() +
                   " keeps what it was compiled with: --tiles and --slots leave more");
      continue;
    }
    const Admission& admission = std::get<Admission>(answer);
    state.enter(resident_of(names[i], images[i], admission, ""));
    images[i] = bound(std::move(images[i]), admission);
    expect_sound(images[i], names[i]);
  }
  problems.throw_if_any("applications");
  return images;
}

}  // namespace spikeloom
