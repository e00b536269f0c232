// The official SignalR client in front of the hubs. Reads its orders from standard input as one JSON object, prints
// what it met as one JSON object.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const orders = JSON.parse(readFileSync(0, "utf8"));
const { HubConnectionBuilder, HttpTransportType, LogLevel } = createRequire(orders.modules + "/")(
  "@microsoft/signalr",
);
const SERIAL = orders.serial;
const met = { callbacks: [], results: {}, commands: [], closed: [] };

function connection(path, headers, options = {}) {
  return new HubConnectionBuilder()
    .withUrl(orders.url + path, { headers, ...options })
    .configureLogging(LogLevel.None)
    .build();
}

const headers = { WorkstationId: orders.workstation, Authorization: `Bearer ${orders.key}` };

async function refused(connecting) {
  try {
    await connecting;
    return "connected";
  } catch (error) {
    return String(error);
  }
}

// Strangers first: no key, another's key, and a deviceHub that nobody asked for.
met.strangers = [
  await refused(connection("/appHub", { WorkstationId: orders.workstation }).start()),
  await refused(connection("/appHub", { ...headers, Authorization: `Bearer ${"00".repeat(32)}` }).start()),
  await refused(connection("/deviceHub", { ...headers, DeviceId: SERIAL }).start()),
];

// Once with negotiation, once without.
const app = connection("/appHub", headers);
for (const name of [
  "SetAlarmState", "WorkstationApproved", "WorkstationUnapproved", "UpdateProximitySettings",
  "UpdateRFIDIndicatorState", "LockHwVaultStorage", "LiftHwVaultStorageLock",
]) {
  app.on(name, (...values) => met.callbacks.push([name, ...values]));
}

app.on("EstablishRemoteHwVaultConnection", async (serial, channel) => {
  met.callbacks.push(["EstablishRemoteHwVaultConnection", serial, channel]);
  const device = connection("/deviceHub", { ...headers, DeviceId: serial }, {
    skipNegotiation: true,
    transport: HttpTransportType.WebSockets,
  });
  device.onclose((error) => met.closed.push(String(error)));
  device.on("SendGetRootKeyCommand", async () => {
    met.commands.push(["SendGetRootKeyCommand"]);
    met.results.GetRootKeyCommandResponse = await device.invoke("GetRootKeyCommandResponse", null, "ERR_NO_DATA");
    await device.stop();
  });
  await device.start();
});

await app.start();
const report = {
  vaultSerialNo: SERIAL, storageTimestamp: 7, battery: 90, firmwareVersion: "3.5.2", connectionState: 1,
  isLinkRequired: true, isLocked: false, isCanUnlock: false,
};
const calls = [
  ["RegisterWorkstationInfo", { id: orders.workstation, machineName: "js", osVersion: "1", users: ["ann"] }],
  ["SaveClientEvents", [{ id: "1", version: "1", date: new Date(0).toISOString(), eventId: 3, severityId: 1 }]],
  ["GetHwVaultInfoByRfid", orders.rfid],
  ["GetHwVaultInfoByMac", orders.mac],
  ["GetHwVaultInfoBySerialNo", SERIAL],
  ["UpdateHwVaultProperties", report, true],
  ["GetNewHwVaultLicenses", SERIAL],
  ["GetHwVaultLicenses", SERIAL],
  ["HwVaultLicenseApplied", SERIAL, orders.licence],
  ["UpdateHwVaultAccounts", SERIAL, true],
  ["UpdateHwVaultStatus", report],
  ["AuthHwVault", SERIAL],
];
for (const [name, ...values] of calls) {
  met.results[name] = await app.invoke(name, ...values);
}
met.unknown = await refused(app.invoke("NoSuchMethod"));
met.unlike = await refused(app.invoke("AuthHwVault", 1, 2));
await app.invoke("UpdateHwVaultProperties", { ...report, connectionState: 0 }, false);
await app.stop();
process.stdout.write(JSON.stringify(met));
