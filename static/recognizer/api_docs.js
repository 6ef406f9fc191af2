// Show Swagger UI in dark colours if the system prefers them. Its switch is in a bar that this page
// does not have.

const prefersDark = matchMedia("(prefers-color-scheme: dark)");
const applyScheme = () => document.documentElement.classList.toggle("dark-mode", prefersDark.matches);

applyScheme();
prefersDark.addEventListener("change", applyScheme);
