#ifndef RINGWIRE_PLATFORM_PROCESS_BLOCK_SIGNALS_H_
#define RINGWIRE_PLATFORM_PROCESS_BLOCK_SIGNALS_H_

namespace ringwire::platform {

// Blocks SIGTERM, SIGINT and SIGHUP, which the control loop reads from a descriptor, and ignores
// SIGPIPE. Before any thread is made.
void BlockSignals();

}  // namespace ringwire::platform

#endif  // RINGWIRE_PLATFORM_PROCESS_BLOCK_SIGNALS_H_
