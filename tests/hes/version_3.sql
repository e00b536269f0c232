BEGIN TRANSACTION;
CREATE TABLE accounts (
	id VARCHAR NOT NULL, 
	employee_id VARCHAR NOT NULL, 
	shared_account_id VARCHAR, 
	record INTEGER NOT NULL, 
	name VARCHAR NOT NULL, 
	urls VARCHAR NOT NULL, 
	apps VARCHAR NOT NULL, 
	login_type VARCHAR(40) NOT NULL, 
	login VARCHAR NOT NULL, 
	domain VARCHAR NOT NULL, 
	password BLOB NOT NULL, 
	otp_secret BLOB, 
	is_primary BOOLEAN NOT NULL, 
	deleted BOOLEAN NOT NULL, 
	created_at DATETIME NOT NULL, 
	updated_at DATETIME NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (employee_id, record), 
	FOREIGN KEY(employee_id) REFERENCES employees (id) ON DELETE CASCADE, 
	FOREIGN KEY(shared_account_id) REFERENCES shared_accounts (id) ON DELETE SET NULL
);
INSERT INTO "accounts" VALUES('d764faab-eca7-4f67-9818-2903bb08d76e','2bd6f62d-449a-4188-86a1-d37089b3385e',NULL,1,'Mail','','','WebApp','ann','',X'78',NULL,0,0,'2026-03-01 12:00:00.000000','2026-03-01 12:00:00.000000');
CREATE TABLE app_settings (
	id VARCHAR NOT NULL, 
	value VARCHAR NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "app_settings" VALUES('schema_version','3');
CREATE TABLE companies (
	id VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (name)
);
INSERT INTO "companies" VALUES('Taken over','Taken over');
CREATE TABLE departments (
	id VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	company_id VARCHAR NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (name), 
	FOREIGN KEY(company_id) REFERENCES companies (id) ON DELETE CASCADE
);
INSERT INTO "departments" VALUES('head office','head office','Taken over');
INSERT INTO "departments" VALUES('sales','sales','Taken over');
CREATE TABLE employees (
	id VARCHAR NOT NULL, 
	first_name VARCHAR NOT NULL, 
	last_name VARCHAR NOT NULL, 
	email VARCHAR NOT NULL, 
	phone_number VARCHAR NOT NULL, 
	department_id VARCHAR, 
	position_id VARCHAR, 
	last_seen DATETIME, 
	PRIMARY KEY (id), 
	UNIQUE (first_name, last_name), 
	FOREIGN KEY(department_id) REFERENCES departments (id) ON DELETE SET NULL, 
	FOREIGN KEY(position_id) REFERENCES positions (id) ON DELETE SET NULL
);
INSERT INTO "employees" VALUES('2bd6f62d-449a-4188-86a1-d37089b3385e','Ann','Smith','ann@example.org','+44 1','sales','engineer','2026-03-01 12:00:00.000000');
INSERT INTO "employees" VALUES('61747b40-af27-4005-a0b2-fa8d176bdf1c','Bob','','','',NULL,'engineer',NULL);
CREATE TABLE failed_attempts (
	subject VARCHAR NOT NULL, 
	count INTEGER NOT NULL, 
	last_at DATETIME NOT NULL, 
	PRIMARY KEY (subject)
);
CREATE TABLE hardware_vault_activations (
	id INTEGER NOT NULL, 
	vault_id VARCHAR NOT NULL, 
	activation_code BLOB NOT NULL, 
	created_at DATETIME NOT NULL, 
	status VARCHAR(40) NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(vault_id) REFERENCES hardware_vaults (id)
);
INSERT INTO "hardware_vault_activations" VALUES(1,'HK-1',X'323732363235','2026-03-01 12:00:00.000000','Activated');
INSERT INTO "hardware_vault_activations" VALUES(2,'HK-1',X'393839323233','2026-03-01 12:00:00.000000','Pending');
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
CREATE TABLE hardware_vault_tasks (
	id INTEGER NOT NULL, 
	hardware_vault_id VARCHAR NOT NULL, 
	account_id VARCHAR, 
	operation VARCHAR(40) NOT NULL, 
	created_at DATETIME NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(hardware_vault_id) REFERENCES hardware_vaults (id) ON DELETE CASCADE, 
	FOREIGN KEY(account_id) REFERENCES accounts (id) ON DELETE CASCADE
);
INSERT INTO "hardware_vault_tasks" VALUES(1,'HK-1','d764faab-eca7-4f67-9818-2903bb08d76e','Create','2026-03-01 12:00:00.000000');
CREATE TABLE hardware_vaults (
	id VARCHAR NOT NULL, 
	mac VARCHAR NOT NULL, 
	model VARCHAR NOT NULL, 
	rfid VARCHAR NOT NULL, 
	battery INTEGER NOT NULL, 
	firmware VARCHAR NOT NULL, 
	status VARCHAR(40) NOT NULL, 
	status_reason VARCHAR(40) NOT NULL, 
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
	license_status VARCHAR(40) NOT NULL, 
	license_end_date DATETIME, 
	root_key BLOB, 
	access_given BOOLEAN NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (mac), 
	UNIQUE (rfid), 
	FOREIGN KEY(employee_id) REFERENCES employees (id), 
	FOREIGN KEY(profile_id) REFERENCES hardware_vault_profiles (id)
);
INSERT INTO "hardware_vaults" VALUES('HK-1','mac HK-1','ST102','rfid HK-1',77,'3.1.0','Suspended','None_','',0,'2026-03-01 12:00:00.000000',1,'2bd6f62d-449a-4188-86a1-d37089b3385e',X'0102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F20','default','2026-03-01 12:00:00.000000',5,0,'None_',NULL,X'03C0858CEF7E5265662C80F3C42FD8E5F10745956E92C2D9EF3FF838326AE9EB7F',1);
CREATE TABLE positions (
	id VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (name)
);
INSERT INTO "positions" VALUES('engineer','engineer');
CREATE TABLE server_events (
	id INTEGER NOT NULL, 
	at DATETIME NOT NULL, 
	kind VARCHAR(40) NOT NULL, 
	serial VARCHAR NOT NULL, 
	text VARCHAR NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "server_events" VALUES(1,'2026-03-01 12:00:00.000000','ADMIN','HK-1','imports key HK-1');
INSERT INTO "server_events" VALUES(2,'2026-03-01 12:00:00.000000','ADMIN','','enters employee Ann Smith');
INSERT INTO "server_events" VALUES(3,'2026-03-01 12:00:00.000000','ADMIN','','approves workstation PC-1');
INSERT INTO "server_events" VALUES(4,'2026-03-01 12:00:00.000000','ADMIN','','changes employee Ann Smith');
INSERT INTO "server_events" VALUES(5,'2026-03-01 12:00:00.000000','ADMIN','','enters employee Bob');
INSERT INTO "server_events" VALUES(6,'2026-03-01 12:00:00.000000','ADMIN','','changes workstation PC-1');
INSERT INTO "server_events" VALUES(7,'2026-03-01 12:00:00.000000','ADMIN','','gives Ann Smith the account Mail');
INSERT INTO "server_events" VALUES(8,'2026-03-01 12:00:00.000000','ADMIN','HK-1','assigns key HK-1 to Ann Smith');
INSERT INTO "server_events" VALUES(9,'2026-03-01 12:00:00.000000','STATUS','HK-1','sets the vault Reserved');
INSERT INTO "server_events" VALUES(10,'2026-03-01 12:00:00.000000','KEY','HK-1','links the key, which is locked by its code from now on');
INSERT INTO "server_events" VALUES(11,'2026-03-01 12:00:00.000000','KEY','HK-1','sets the key''s clock and access profile');
INSERT INTO "server_events" VALUES(12,'2026-03-01 12:00:00.000000','STATUS','HK-1','sets the vault Active');
INSERT INTO "server_events" VALUES(13,'2026-03-01 12:00:00.000000','ADMIN','HK-1','suspends key HK-1');
INSERT INTO "server_events" VALUES(14,'2026-03-01 12:00:00.000000','STATUS','HK-1','sets the vault Suspended');
INSERT INTO "server_events" VALUES(15,'2026-03-01 12:00:00.000000','ADMIN','','creates the user admin@example.org as Administrator');
CREATE TABLE shared_accounts (
	id VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	urls VARCHAR NOT NULL, 
	apps VARCHAR NOT NULL, 
	login_type VARCHAR(40) NOT NULL, 
	login VARCHAR NOT NULL, 
	domain VARCHAR NOT NULL, 
	password BLOB NOT NULL, 
	otp_secret BLOB, 
	PRIMARY KEY (id), 
	UNIQUE (name)
);
CREATE TABLE templates (
	id VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	urls VARCHAR NOT NULL, 
	apps VARCHAR NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (name)
);
CREATE TABLE user_sessions (
	token_hash VARCHAR NOT NULL, 
	user_id VARCHAR NOT NULL, 
	expires_at DATETIME NOT NULL, 
	PRIMARY KEY (token_hash), 
	FOREIGN KEY(user_id) REFERENCES users (id) ON DELETE CASCADE
);
CREATE TABLE users (
	id VARCHAR NOT NULL, 
	email VARCHAR NOT NULL, 
	password_hash VARCHAR NOT NULL, 
	role VARCHAR(40) NOT NULL, 
	created_at DATETIME NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (email)
);
INSERT INTO "users" VALUES('aa675dd5-0ce8-4abf-b7ca-2caaf51ca048','admin@example.org','$argon2id$v=19$m=8,t=1,p=1$ToEvJXAjaxqJJ9yLwMYqxA$XG3x/cj0DUlqsUK5Q+Qss2+yBlQV5v8aBgNOXHNZvg8','ADMINISTRATOR','2026-03-01 12:00:00.000000');
CREATE TABLE workstation_events (
	id INTEGER NOT NULL, 
	client_id VARCHAR NOT NULL, 
	date DATETIME NOT NULL, 
	event_id INTEGER NOT NULL, 
	severity_id INTEGER NOT NULL, 
	note VARCHAR NOT NULL, 
	workstation_id VARCHAR NOT NULL, 
	user_session VARCHAR NOT NULL, 
	serial VARCHAR NOT NULL, 
	account_name VARCHAR NOT NULL, 
	account_login VARCHAR NOT NULL, 
	workstation_session_id VARCHAR NOT NULL, 
	employee_id VARCHAR, 
	department_id VARCHAR, 
	account_id VARCHAR, 
	PRIMARY KEY (id), 
	UNIQUE (workstation_id, client_id), 
	FOREIGN KEY(employee_id) REFERENCES employees (id) ON DELETE SET NULL, 
	FOREIGN KEY(department_id) REFERENCES departments (id) ON DELETE SET NULL, 
	FOREIGN KEY(account_id) REFERENCES accounts (id) ON DELETE SET NULL
);
INSERT INTO "workstation_events" VALUES(1,'E-1','2026-03-01 12:00:00.000000',7,1,'n','PC-1','','HK-1','','','',NULL,NULL,NULL);
CREATE TABLE workstation_hardware_vault_pairs (
	id VARCHAR NOT NULL, 
	workstation_id VARCHAR NOT NULL, 
	hardware_vault_id VARCHAR NOT NULL, 
	lock_proximity INTEGER NOT NULL, 
	unlock_proximity INTEGER NOT NULL, 
	lock_timeout INTEGER NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (workstation_id, hardware_vault_id), 
	FOREIGN KEY(workstation_id) REFERENCES workstations (id) ON DELETE CASCADE, 
	FOREIGN KEY(hardware_vault_id) REFERENCES hardware_vaults (id) ON DELETE CASCADE
);
CREATE TABLE workstation_keys (
	workstation_id VARCHAR NOT NULL, 
	key_hash VARCHAR NOT NULL, 
	PRIMARY KEY (workstation_id)
);
CREATE TABLE workstation_sessions (
	id INTEGER NOT NULL, 
	client_id VARCHAR NOT NULL, 
	start_date DATETIME NOT NULL, 
	end_date DATETIME, 
	unlocked_by VARCHAR(40) NOT NULL, 
	workstation_id VARCHAR NOT NULL, 
	user_session VARCHAR NOT NULL, 
	serial VARCHAR NOT NULL, 
	employee_id VARCHAR, 
	department_id VARCHAR, 
	account_id VARCHAR, 
	PRIMARY KEY (id), 
	UNIQUE (workstation_id, client_id), 
	FOREIGN KEY(employee_id) REFERENCES employees (id) ON DELETE SET NULL, 
	FOREIGN KEY(department_id) REFERENCES departments (id) ON DELETE SET NULL, 
	FOREIGN KEY(account_id) REFERENCES accounts (id) ON DELETE SET NULL
);
CREATE TABLE workstations (
	id VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	domain VARCHAR NOT NULL, 
	os VARCHAR NOT NULL, 
	client_version VARCHAR NOT NULL, 
	ip VARCHAR NOT NULL, 
	department_id VARCHAR, 
	rfid_enabled BOOLEAN NOT NULL, 
	approved BOOLEAN NOT NULL, 
	last_seen DATETIME NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(department_id) REFERENCES departments (id) ON DELETE SET NULL
);
INSERT INTO "workstations" VALUES('PC-1','','','','','','head office',1,1,'2026-03-01 12:00:00.000000');
CREATE INDEX ix_user_sessions_user_id ON user_sessions (user_id);
CREATE INDEX ix_hardware_vault_activations_vault_id ON hardware_vault_activations (vault_id);
CREATE INDEX ix_hardware_vault_licenses_hardware_vault_id ON hardware_vault_licenses (hardware_vault_id);
CREATE INDEX ix_hardware_vault_tasks_hardware_vault_id ON hardware_vault_tasks (hardware_vault_id);
COMMIT;
