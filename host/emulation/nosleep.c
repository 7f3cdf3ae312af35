/* Preloaded into a host program under emulation: XRT's hw_emu shim sleeps ten seconds in its first wait and
 * one in each later one, where a look at the simulated device would do. */
#include <unistd.h>

enum { kMicroseconds = 200 };

unsigned sleep(unsigned seconds) {
  (void)seconds;
  usleep(kMicroseconds);
  return 0;
}
