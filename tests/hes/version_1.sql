BEGIN TRANSACTION;
CREATE TABLE app_settings (
	id VARCHAR NOT NULL, 
	value VARCHAR NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "app_settings" VALUES('schema_version','1');
CREATE TABLE employees (
	id VARCHAR NOT NULL, 
	first_name VARCHAR NOT NULL, 
	last_name VARCHAR NOT NULL, 
	email VARCHAR NOT NULL, 
	last_seen DATETIME, 
	PRIMARY KEY (id), 
	UNIQUE (first_name, last_name)
);
INSERT INTO "employees" VALUES('01020304-0506-4708-890a-0b0c0d0e0f10','Ann','Smith','ann@example.org','2026-03-01 12:00:00.000000');
CREATE TABLE hardware_vault_activations (
	id INTEGER NOT NULL, 
	vault_id VARCHAR NOT NULL, 
	activation_code BLOB NOT NULL, 
	created_at DATETIME NOT NULL, 
	status VARCHAR(9) NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(vault_id) REFERENCES hardware_vaults (id)
);
INSERT INTO "hardware_vault_activations" VALUES(1,'HK-1',X'313636303531','2026-03-01 12:00:00.000000','Activated');
INSERT INTO "hardware_vault_activations" VALUES(2,'HK-1',X'313636303531','2026-03-01 12:00:00.000000','Pending');
CREATE TABLE hardware_vault_licenses (
	id VARCHAR NOT NULL, 
	hardware_vault_id VARCHAR NOT NULL, 
	license_order_id VARCHAR NOT NULL, 
	imported_at DATETIME NOT NULL, 
	applied_at DATETIME, 
	end_date DATETIME NOT NULL, 
	data BLOB, 
	PRIMARY KEY (id), 
	FOREIGN KEY(hardware_vault_id) REFERENCES hardware_vaults (id)
);
INSERT INTO "hardware_vault_licenses" VALUES('L1','HK-1','','2026-03-01 12:00:00.000000',NULL,'2027-04-05 12:00:00.000000',X'64617461');
CREATE TABLE hardware_vault_profiles (
	id VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	button_pairing BOOLEAN NOT NULL, 
	button_connection BOOLEAN NOT NULL, 
	button_storage_access BOOLEAN NOT NULL, 
	pin_pairing BOOLEAN NOT NULL, 
	pin_connection BOOLEAN NOT NULL, 
	pin_storage_access BOOLEAN NOT NULL, 
	master_key_pairing BOOLEAN NOT NULL, 
	master_key_connection BOOLEAN NOT NULL, 
	master_key_storage_access BOOLEAN NOT NULL, 
	pin_expiration INTEGER NOT NULL, 
	pin_length INTEGER NOT NULL, 
	pin_try_count INTEGER NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (name)
);
INSERT INTO "hardware_vault_profiles" VALUES('default','Default',1,0,0,0,0,0,1,0,0,86400,4,10);
CREATE TABLE hardware_vaults (
	id VARCHAR NOT NULL, 
	mac VARCHAR NOT NULL, 
	model VARCHAR NOT NULL, 
	rfid VARCHAR NOT NULL, 
	battery INTEGER NOT NULL, 
	firmware VARCHAR NOT NULL, 
	status VARCHAR(11) NOT NULL, 
	status_reason VARCHAR(21) NOT NULL, 
	status_description VARCHAR, 
	is_status_applied BOOLEAN NOT NULL, 
	last_synced DATETIME, 
	need_sync BOOLEAN NOT NULL, 
	employee_id VARCHAR, 
	master_key BLOB, 
	profile_id VARCHAR NOT NULL, 
	imported_at DATETIME NOT NULL, 
	timestamp INTEGER NOT NULL, 
	has_new_license BOOLEAN NOT NULL, 
	license_status VARCHAR(8) NOT NULL, 
	license_end_date DATETIME, 
	root_key BLOB, 
	PRIMARY KEY (id), 
	UNIQUE (mac), 
	UNIQUE (rfid), 
	FOREIGN KEY(employee_id) REFERENCES employees (id), 
	FOREIGN KEY(profile_id) REFERENCES hardware_vault_profiles (id)
);
INSERT INTO "hardware_vaults" VALUES('HK-1','mac HK-1','ST102','rfid HK-1',77,'3.1.0','Suspended','None_','',1,'2026-03-01 12:00:00.000000',0,'01020304-0506-4708-890a-0b0c0d0e0f10',X'0102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F20','default','2026-03-01 12:00:00.000000',5,1,'None_',NULL,X'02ABFAAB6C0DB744FBF925CF6BCC031DD0B770839AEE15CBA8E3A63A303EFC32AD');
CREATE TABLE workstations (
	id VARCHAR NOT NULL, 
	approved BOOLEAN NOT NULL, 
	last_seen DATETIME NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "workstations" VALUES('PC-1',1,'2026-03-01 12:00:00.000000');
CREATE INDEX ix_hardware_vault_activations_vault_id ON hardware_vault_activations (vault_id);
CREATE INDEX ix_hardware_vault_licenses_hardware_vault_id ON hardware_vault_licenses (hardware_vault_id);
COMMIT;
