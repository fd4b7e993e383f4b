import React from "react";
import { createRoot } from "react-dom/client";

export { React as default, createRoot };
