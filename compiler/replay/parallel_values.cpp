#include "compiler/replay/parallel_values.hpp"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "compiler/base/error.hpp"
#include "compiler/replay/session.hpp"

namespace spikeloom {
namespace {

constexpr std::size_t kAhead = 3;  ///< blocks that may wait to be replayed, for every thread

/// Of a tile of any kind.
std::size_t most_contexts(const Chip& chip) {
  std::uint32_t most = 0;
  for (std::uint32_t kind = 0; kind < chip.kinds(); ++kind) most = std::max(most, chip.kind(kind).contexts);
  return most;
}

}  // namespace

class ParallelValues::Pool {
 public:
  Pool(const Image& image, const Dataset& data, std::size_t threads, std::size_t least_steps)
      : image_(image),
        data_(data),
        ahead_(kAhead * threads),
        contexts_(most_contexts(image.chip)),
        place_(std::size_t{1 + image.chip.tiles()} * contexts_) {
    for (std::size_t s = 0; s < data.samples.size();) {
      Block block;
      block.first = s;
      for (std::size_t steps = 0; s < data.samples.size() && steps < least_steps; ++s)
        steps += data.samples[s].steps();
      block.last = s;
      blocks_.push_back(std::move(block));
    }
    for (std::size_t t = 0; t < std::min(threads, blocks_.size()); ++t)
      threads_.emplace_back([this] { work(); });
  }

  ~Pool() {
    {
      const std::lock_guard lock(mutex_);
      stop_ = true;
    }
    changed_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }

  device_model::Firing next(std::uint32_t node, std::uint32_t context) {
    Place& at = place_[slot(node, context)];
    while (true) {
      SPIKELOOM_CHECK(at.block < blocks_.size());
      Block& block = blocks_[at.block];
      wait_for(block);
      std::vector<device_model::Firing>& firings = block.firings[slot(node, context)];
      if (at.firing >= firings.size()) {
        at = {at.block + 1, 0};
        continue;
      }
      device_model::Firing firing = std::move(firings[at.firing++]);
      if (--block.left == 0) release(block);
      return firing;
    }
  }

 private:
  struct Block {
    std::size_t first = 0, last = 0;  ///< samples
    bool known = false;               ///< guarded by the mutex; what follows is the replay's once it is set
    std::exception_ptr failed;
    std::vector<std::vector<device_model::Firing>> firings;  ///< by tile and context
    std::size_t left = 0;                                    ///< firings that are not replayed yet
  };
  struct Place {
    std::size_t block = 0, firing = 0;
  };

  [[nodiscard]] std::size_t slot(std::uint32_t node, std::uint32_t context) const {
    return std::size_t{node} * contexts_ + context;
  }

  void wait_for(Block& block) {
    if (block_seen_ > static_cast<std::size_t>(&block - blocks_.data())) return;
    std::unique_lock lock(mutex_);
    wanted_ = static_cast<std::size_t>(&block - blocks_.data()) + 1;
    changed_.notify_all();
    changed_.wait(lock, [&] { return block.known; });
    if (block.failed) std::rethrow_exception(block.failed);
    block_seen_ = static_cast<std::size_t>(&block - blocks_.data()) + 1;
  }

  void release(Block& block) {
    block.firings.clear();
    block.firings.resize(place_.size());  // a context that never fires still looks here
    {
      const std::lock_guard lock(mutex_);
      ++released_;
    }
    changed_.notify_all();
  }

  void work() {
    std::unique_ptr<ModelLink> model;
    std::unique_ptr<Session> session;
    Block* block = nullptr;
    while ((block = take()) != nullptr) {
      std::vector<std::vector<device_model::Firing>> firings(place_.size());
      std::exception_ptr failed;
      try {
        if (!model) {
          model = open_model(image_.chip);
          session = std::make_unique<Session>(*model, image_, SessionOptions{});
        }
        model->give_values_to(
            [&](std::uint32_t node, std::uint32_t context, const device_model::Firing& firing) {
              firings[slot(node, context)].push_back(firing);
            });
        Dataset some{data_.ports, {}, data_.encoder};
        some.samples.assign(data_.samples.begin() + static_cast<std::ptrdiff_t>(block->first),
                            data_.samples.begin() + static_cast<std::ptrdiff_t>(block->last));
        (void)session->run(some);
      } catch (...) {
        failed = std::current_exception();
      }
      {
        const std::lock_guard lock(mutex_);
        for (const auto& list : firings) block->left += list.size();
        block->firings = std::move(firings);
        block->failed = failed;
        block->known = true;
      }
      changed_.notify_all();
    }
  }

  /// The next block to compute, once the replay is near enough; null when there is none or nobody wants more.
  Block* take() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] {
      return stop_ || taken_ == blocks_.size() || taken_ < std::max(wanted_, released_ + ahead_);
    });
    if (stop_ || taken_ == blocks_.size()) return nullptr;
    return &blocks_[taken_++];
  }

  const Image& image_;
  const Dataset& data_;
  std::size_t ahead_;
  std::size_t contexts_;      ///< of a tile, at most
  std::vector<Place> place_;  ///< of the replay, by tile and context
  std::vector<Block> blocks_;
  std::size_t block_seen_ = 0;  ///< blocks that the replay knows to be known
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t taken_ = 0, released_ = 0;  ///< blocks
  std::size_t wanted_ = 0;  ///< blocks that the replay has asked for, however far it lags elsewhere
  bool stop_ = false;
  std::vector<std::thread> threads_;
};

ParallelValues::ParallelValues(const Image& image, const Dataset& data, std::size_t threads,
                               std::size_t least_steps)
    : pool_(std::make_unique<Pool>(image, data, threads, least_steps)) {}

ParallelValues::~ParallelValues() = default;

device_model::Firing ParallelValues::next(std::uint32_t node, std::uint32_t context) {
  return pool_->next(node, context);
}

}  // namespace spikeloom
