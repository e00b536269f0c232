// The official SignalR client in front of the hubs, led line by line: JSON objects on standard input, of which the
// first says where the server is; what it is answered and called goes to standard output, an object in each line.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const orders = JSON.parse((await lines.next()).value);
const { HubConnectionBuilder, HttpTransportType, LogLevel } = createRequire(orders.modules + "/")(
  "@microsoft/signalr",
);
const headers = { WorkstationId: orders.workstation, Authorization: `Bearer ${orders.key}` };
const devices = {};

function tell(value) {
  process.stdout.write(JSON.stringify(value) + "\n");
}

function connection(path, given, options = {}) {
  return new HubConnectionBuilder()
    .withUrl(orders.url + path, { headers: given, ...options })
    .configureLogging(LogLevel.None)
    .build();
}

// The appHub with negotiation, the deviceHub without.
const app = connection("/appHub", headers);
for (const name of orders.notices) {
  app.on(name, (...values) => tell({ notice: name, values }));
}
app.on("EstablishRemoteHwVaultConnection", async (serial, channel) => {
  tell({ notice: "EstablishRemoteHwVaultConnection", values: [serial, channel] });
  const device = connection("/deviceHub", { ...headers, DeviceId: serial }, {
    skipNegotiation: true,
    transport: HttpTransportType.WebSockets,
  });
  for (const name of orders.commands) {
    device.on(name, (...values) => tell({ command: name, values, serial }));
  }
  devices[serial] = device;
  await device.start();
});

const deeds = {
  start: () => app.start(),
  stop: () => app.stop(),
  call: ({ name, values }) => app.invoke(name, ...values),
  bring: ({ serial, name, values }) => devices[serial].invoke(name, ...values),
  intrude: async ({ path, given }) => {
    const stranger = connection(path, given);
    await stranger.start();
    await stranger.stop();
  },
};
for await (const line of lines) {
  const order = JSON.parse(line);
  deeds[order.deed](order).then(
    (result) => tell({ id: order.id, result: result ?? null }),
    (error) => tell({ id: order.id, error: String(error) }),
  );
}
