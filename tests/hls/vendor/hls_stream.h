// Stands in for Vitis HLS's hls_stream.h: a queue without an end, as in C simulation.
#pragma once

#include <deque>

namespace hls {

template <class T, int Depth = 0>
class stream {
 public:
  void write(const T& item) { items_.push_back(item); }
  T read() {
    const T item = items_.front();
    items_.pop_front();
    return item;
  }

 private:
  std::deque<T> items_;
};

}  // namespace hls
